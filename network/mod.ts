/** How packets and names find pods: the network loops of a node. */
export * from "./dns/mod.ts";
export * from "./overlay/mod.ts";
export * from "./proxy/mod.ts";
