/** How packets and names find pods: the network loops of a node. */
export * from "./overlay/mod.ts";
export * from "./proxy/mod.ts";
