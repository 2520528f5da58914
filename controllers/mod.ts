/** What should be: every loop that works on API objects alone. */
export * from "./deployment.ts";
export * from "./endpoints.ts";
export * from "./endpointslice.ts";
export * from "./garbage_collector.ts";
export * from "./gitops/mod.ts";
export * from "./namespace.ts";
export * from "./node_ipam.ts";
export * from "./replicaset.ts";
export * from "./replicationcontroller.ts";
export * from "./root_ca.ts";
export * from "./service_account.ts";
export * from "./node_lifecycle.ts";
export * from "./pod_gc.ts";
export * from "./taint_eviction.ts";
export * from "./certificate_signing_request.ts";
export * from "./scheduler/mod.ts";
