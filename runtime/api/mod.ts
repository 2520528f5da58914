/** The API server: `fetch(Request) -> Response`, the same operations in process, and the socket that it is served on. */
export * from "./api.ts";
export type { ApiOptions } from "./api_options.ts";
export * from "./connection.ts";
export * from "./operations.ts";
export * from "./resource_registry.ts";
export type { DialKubelet, KubeletAddress } from "./streams/destination.ts";
export { tlsKubeletDialer } from "./streams/dial_kubelet.ts";
export { serveApi, type Served, type ServeOptions } from "./serve.ts";
