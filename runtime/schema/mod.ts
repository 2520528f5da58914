/** Every kind as data, and what is compiled from it. */
export * from "./object.ts";
export * from "./resource.ts";
export * from "./status_error.ts";
export * from "./type_node.ts";
export * from "./kinds.ts";
