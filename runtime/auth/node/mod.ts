/** What nodes may do. */
export * from "./node_authorizer.ts";
export * from "./node_graph.ts";
export * from "./node_identity.ts";
export * from "./references.ts";
