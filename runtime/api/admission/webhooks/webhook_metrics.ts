/** What webhooks take and what they refuse, in `/metrics`, under upstream's names. */
import { Counter, Histogram, type Registry } from "prom-client";

/** One question to one webhook, when it is over. */
export interface WebhookCallOutcome {
  readonly name: string;
  readonly type: "admit" | "validating";
  readonly operation: string;
  readonly seconds: number;
  /** HTTP; 0: there was no answer. */
  readonly code: number;
  /** The request is refused for it. */
  readonly rejected: boolean;
  /** Of its refusal; 0: it could not be asked. */
  readonly rejectionCode: number;
}

export type ObserveWebhook = (outcome: WebhookCallOutcome) => void;

const prefix = "apiserver_admission_webhook_";
const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];

export function webhookMetrics(registry: Registry): ObserveWebhook {
  const registers = [registry];
  const durations = new Histogram({
    name: `${prefix}admission_duration_seconds`,
    help: "Latency of admission webhooks in seconds, by name, operation and type, and whether they refused.",
    labelNames: ["name", "operation", "rejected", "type"],
    ...{ buckets, registers },
  });
  const requests = new Counter({
    name: `${prefix}request_total`,
    help: "Requests to admission webhooks, by name, operation, type and HTTP code, and whether they refused.",
    labelNames: ["code", "name", "operation", "rejected", "type"],
    registers,
  });
  const rejections = new Counter({
    name: `${prefix}rejection_count`,
    help: "Requests that were refused for an admission webhook, by whether it did so itself or could not be asked.",
    labelNames: ["error_type", "name", "operation", "rejection_code", "type"],
    registers,
  });
  const failOpens = new Counter({
    name: `${prefix}fail_open_count`,
    help: "Requests that went on though an admission webhook could not be asked.",
    labelNames: ["name", "type"],
    registers,
  });
  return ({ name, type, operation, seconds, code, rejected, rejectionCode }) => {
    const labels = { name, operation, rejected: String(rejected), type };
    durations.observe(labels, seconds);
    requests.inc({ ...labels, code });
    const error_type = code === 0 ? "calling_webhook_error" : "no_error";
    if (rejected) rejections.inc({ error_type, name, operation, rejection_code: rejectionCode, type });
    else if (code === 0) failOpens.inc({ name, type });
  };
}
