/**
 * An authorizer outside (webhook): asked by SubjectAccessReview, within its time, its decisions kept for theirs.
 *
 * Law: whatever goes wrong with it is what its `failurePolicy` says, never a right.
 */
import { getLogger } from "@logtape/logtape";
import { httpsJson } from "../https_json.ts";
import { durationMs } from "../structured/duration.ts";
import type { Authorizer, Decision } from "../user.ts";
import { reviewSpec } from "./access_review.ts";
import type { WebhookConfiguration } from "./configuration.ts";
import { conditionsOver } from "./match_conditions.ts";
import { RememberedDecisions } from "./remembered.ts";
import { type Pauses, retried } from "./retried.ts";

/** Where a webhook is and how one is known to it; PEM. */
export interface WebhookTarget {
  readonly server: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string | (() => string);
}

export interface WebhookOptions {
  readonly name: string;
  readonly config: WebhookConfiguration;
  readonly target: WebhookTarget;
  readonly now: () => number;
  readonly pauses: Pauses;
}

const noOpinion: Decision = { allowed: false, reason: "" };

export function webhookAuthorizer({ name, config, target, now, pauses }: WebhookOptions): Authorizer {
  const log = getLogger(["d8s", "authorization"]);
  const remembered = new RememberedDecisions();
  const concerns = conditionsOver(config.matchConditions.map(({ expression }) => expression));
  const failed: Decision = config.failurePolicy === "Deny"
    ? { allowed: false, denied: true, reason: `authorizer ${name} could not be asked` }
    : noOpinion;
  return async (attributes) => {
    const spec = reviewSpec(attributes);
    try {
      if (!concerns(spec)) return noOpinion;
      const question = JSON.stringify(spec);
      const known = remembered.get(question, now());
      if (known) return known;
      const decision = await retried(() => ask(config, target, spec), pauses);
      const ttlMs = keptMs(config, decision);
      if (ttlMs > 0) remembered.set(question, { decision, untilMs: now() + ttlMs });
      return decision;
    } catch (error) {
      log.warn("an authorizer could not be asked", { name, error });
      return failed;
    }
  };
}

function keptMs(config: WebhookConfiguration, { allowed }: Decision): number {
  const [wanted, ttl] = allowed
    ? [config.cacheAuthorizedRequests, config.authorizedTTL]
    : [config.cacheUnauthorizedRequests, config.unauthorizedTTL];
  return wanted ? durationMs(ttl) ?? 0 : 0;
}

interface Status {
  readonly allowed?: unknown;
  readonly denied?: unknown;
  readonly reason?: unknown;
}

/** Throws when there is no answer, or one that says both yes and no. */
async function ask(config: WebhookConfiguration, target: WebhookTarget, spec: object): Promise<Decision> {
  const { server, ca, cert, key, token } = target;
  const bearer = typeof token === "function" ? token() : token;
  const version = config.subjectAccessReviewVersion;
  const answer = await httpsJson({
    url: server,
    ca,
    cert,
    key,
    headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
    body: {
      kind: "SubjectAccessReview",
      apiVersion: `authorization.k8s.io/${version}`,
      spec: asVersion(version, spec),
    },
    timeoutMs: durationMs(config.timeout)!,
  });
  const { allowed, denied, reason } = (answer as { status?: Status } | null)?.status ?? {};
  if (typeof allowed !== "boolean") throw new Error("the answer has no status.allowed");
  if (allowed && denied === true) throw new Error("the answer says both allowed and denied");
  return { allowed, reason: typeof reason === "string" ? reason : "", ...(denied === true && { denied: true }) };
}

/** v1beta1 wrote `group` for `groups`. */
function asVersion(version: string, spec: object): object {
  if (version !== "v1beta1") return spec;
  const { groups, ...rest } = spec as { groups?: string[] };
  return { ...rest, group: groups };
}
