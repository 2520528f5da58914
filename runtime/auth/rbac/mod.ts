/** Role-based access control. */
export * from "./cover.ts";
export * from "./escalation.ts";
export * from "./policy/mod.ts";
export * from "./rbac_authorizer.ts";
export * from "./rbac_index.ts";
export * from "./reconcile_policy.ts";
export * from "./roles.ts";
export * from "./rule.ts";
