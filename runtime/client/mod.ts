/** One Client interface, filled twice: over HTTPS, and in the master's own process. */
export * from "./access.ts";
export * from "./https_client.ts";
export type { HttpsTarget } from "./https_connection.ts";
export * from "./in_process_client.ts";
