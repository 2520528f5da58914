/** The audit log. */
export { AuditCounts } from "./audit_metrics.ts";
export * from "./auditor.ts";
export * from "./log_file.ts";
export * from "./policy.ts";
export * from "./recorded.ts";
export * from "./sink.ts";
export type { SizeLimits } from "./truncation.ts";
export * from "./webhook.ts";
