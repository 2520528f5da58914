/** The audit log. */
export * from "./auditor.ts";
export * from "./log_file.ts";
export * from "./policy.ts";
