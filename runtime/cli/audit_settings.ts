/** The flags of the audit log, under upstream's names and with its defaults, and what they say together. */
import { z } from "zod";
import { durationMs } from "../auth/structured/duration.ts";
import type { SizeLimits, WebhookSinkOptions } from "../api/audit/mod.ts";

const absolute = z.string().regex(/^\//, "must be an absolute path");
const count = z.coerce.number("must be a whole number").int("must be a whole number").min(0, "must be 0 or more");
const positive = z.coerce.number("must be a whole number").int("must be a whole number").min(1, "must be 1 or more");
const duration = z.string().transform((text, context) => {
  const ms = durationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: "custom", message: "must be a time such as 10s or 500ms" });
  return z.NEVER;
});

export const auditShape = {
  "audit-policy-file": absolute.optional(),
  "audit-log-path": absolute.optional(),
  "audit-log-maxsize": count.default(100),
  "audit-log-maxbackup": count.default(10),
  "audit-log-maxage": count.default(0),
  "audit-webhook-config-file": absolute.optional(),
  "audit-webhook-mode": z.enum(["batch", "blocking"], "must be batch or blocking").default("batch"),
  "audit-webhook-initial-backoff": duration.prefault("10s"),
  "audit-webhook-batch-buffer-size": positive.default(10_000),
  "audit-webhook-batch-max-size": positive.default(400),
  "audit-webhook-batch-max-wait": duration.prefault("30s"),
  "audit-webhook-batch-throttle-qps": positive.default(10),
  "audit-webhook-batch-throttle-burst": positive.default(15),
  "audit-webhook-truncate-enabled": z.boolean().default(false),
  "audit-webhook-truncate-max-event-size": positive.default(102_400),
  "audit-webhook-truncate-max-batch-size": positive.default(10_485_760),
};

const checked = z.object(auditShape);

type WebhookLimits = Pick<
  WebhookSinkOptions,
  "mode" | "bufferSize" | "maxBatchSize" | "maxWaitMs" | "initialBackoffMs" | "throttle"
>;

export interface AuditSettings {
  readonly policy: string;
  /** Sizes in megabytes, ages in days. */
  readonly log?: {
    readonly path: string;
    readonly maxSize: number;
    readonly maxBackup: number;
    readonly maxAge: number;
  };
  readonly webhook?: WebhookLimits & { readonly config: string; readonly truncate?: SizeLimits };
}

/** Who names neither a file nor a server gets a file in the data folder; without a policy nothing is written at all. */
export function auditSettings(chosen: z.output<typeof checked>, dataDir: string): AuditSettings | undefined {
  const policy = chosen["audit-policy-file"];
  if (policy === undefined) return undefined;
  const config = chosen["audit-webhook-config-file"];
  const path = chosen["audit-log-path"] ?? (config ? undefined : `${dataDir}/audit/audit.log`);
  return {
    policy,
    log: path === undefined ? undefined : {
      path,
      maxSize: chosen["audit-log-maxsize"],
      maxBackup: chosen["audit-log-maxbackup"],
      maxAge: chosen["audit-log-maxage"],
    },
    webhook: config === undefined ? undefined : {
      config,
      mode: chosen["audit-webhook-mode"],
      initialBackoffMs: chosen["audit-webhook-initial-backoff"],
      bufferSize: chosen["audit-webhook-batch-buffer-size"],
      maxBatchSize: chosen["audit-webhook-batch-max-size"],
      maxWaitMs: chosen["audit-webhook-batch-max-wait"],
      throttle: {
        qps: chosen["audit-webhook-batch-throttle-qps"],
        burst: chosen["audit-webhook-batch-throttle-burst"],
      },
      truncate: chosen["audit-webhook-truncate-enabled"]
        ? {
          maxEventBytes: chosen["audit-webhook-truncate-max-event-size"],
          maxBatchBytes: chosen["audit-webhook-truncate-max-batch-size"],
        }
        : undefined,
    },
  };
}
