/** The audit log. */
export * from "./auditor.ts";
export * from "./log_file.ts";
export * from "./policy.ts";
export * from "./recorded.ts";
export * from "./sink.ts";
