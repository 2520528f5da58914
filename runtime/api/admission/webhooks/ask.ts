/** Asks one webhook about one request, from matching to verdict. */
import { getLogger } from "@logtape/logtape";
import { type Resource, StatusError } from "../../../schema/mod.ts";
import type { KeptConnections } from "../../aggregation/kept_connections.ts";
import type { ResourceRegistry } from "../../resource_registry.ts";
import type { AdmissionRequest, ClusterView } from "../admission.ts";
import { callWebhook } from "./call.ts";
import { matchedResource } from "./matching.ts";
import { denied, dryRunRefused, failedCalling } from "./refusals.ts";
import type { ObserveWebhook } from "./webhook_metrics.ts";
import { type ReviewAnswer, reviewAnswer, reviewRequest, reviewVersion } from "./review.ts";
import type { MatchCondition, Webhook } from "./webhook.ts";

/** Whether every condition holds. Rejects where one cannot be evaluated. */
export type ConditionsHold = (conditions: readonly MatchCondition[], request: AdmissionRequest) => Promise<boolean>;

/** The answer, and the row in whose version the webhook was asked: its patch is for that. */
export interface Verdict extends ReviewAnswer {
  readonly matched: Resource;
}

export interface WebhookContext {
  readonly registry: ResourceRegistry;
  /** In [0, 1). */
  readonly random: () => number;
  readonly conditionsHold: ConditionsHold;
  readonly connections: KeptConnections;
  readonly observe: ObserveWebhook;
}

/** Who asks: the plugin of the mutating webhooks, or that of the validating ones. */
export interface Asker extends WebhookContext {
  readonly type: "admit" | "validating";
}

const log = getLogger(["d8s", "api", "webhooks"]);
const longestWarning = 256;

/** `undefined`: it has no say in this, or could not be asked and does not insist. Throws its refusal. */
export async function ask(
  webhook: Webhook,
  request: AdmissionRequest,
  view: ClusterView,
  context: Asker,
): Promise<Verdict | undefined> {
  const matched = matchedResource(webhook, request, view, context.registry);
  if (!matched) return undefined;
  const answer = await tolerant(webhook, async () => {
    const { matchConditions } = webhook;
    if (matchConditions?.length && !(await context.conditionsHold(matchConditions, request))) return undefined;
    if (request.dryRun && webhook.sideEffects !== "None" && webhook.sideEffects !== "NoneOnDryRun") {
      throw dryRunRefused(webhook);
    }
    return await observed(webhook, request, context, () => question(webhook, request, matched, view, context));
  });
  if (!answer) return undefined;
  for (const [key, value] of Object.entries(answer.auditAnnotations)) {
    request.annotate?.(`${webhook.name}/${key}`, value);
  }
  for (const warning of answer.warnings) request.warn(warning.slice(0, longestWarning));
  if (!answer.allowed) throw denied(webhook, answer);
  return { ...answer, matched };
}

async function tolerant<T>(webhook: Webhook, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StatusError) throw error;
    if (webhook.failurePolicy !== "Ignore") throw failedCalling(webhook, error);
    log.warn("a webhook could not be asked and is ignored", { webhook: webhook.name, error });
    return undefined;
  }
}

async function observed(
  webhook: Webhook,
  { operation }: AdmissionRequest,
  { observe, type }: Asker,
  work: () => Promise<ReviewAnswer>,
): Promise<ReviewAnswer> {
  const begun = performance.now();
  const tell = (code: number, rejected: boolean, rejectionCode: number) => {
    const seconds = (performance.now() - begun) / 1000;
    observe({ name: webhook.name, type, operation, seconds, code, rejected, rejectionCode });
  };
  try {
    const answer = await work();
    tell(200, !answer.allowed, answer.allowed ? 0 : denied(webhook, answer).code);
    return answer;
  } catch (error) {
    tell(0, webhook.failurePolicy !== "Ignore", 0);
    throw error;
  }
}

async function question(
  webhook: Webhook,
  request: AdmissionRequest,
  matched: Resource,
  view: ClusterView,
  { random, connections }: WebhookContext,
): Promise<ReviewAnswer> {
  const uid = crypto.randomUUID();
  const version = reviewVersion(webhook);
  const review = reviewRequest(request, matched, version, uid);
  const { clientConfig, timeoutSeconds } = webhook;
  const call = { clientConfig, timeoutSeconds, review, random: random(), connections };
  return reviewAnswer(await callWebhook(call, view), version, uid);
}
