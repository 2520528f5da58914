/** The webhooks that are configured, each compiled once as long as its configuration stays. */
import { compileLabelSelector, type Stored } from "../../../schema/mod.ts";
import type { ServiceReference } from "../../aggregation/service_target.ts";
import type { ClusterView } from "../admission.ts";
import type { Rule } from "./rules.ts";

type Selector = Parameters<typeof compileLabelSelector>[0];

/** As in the API: admissionregistration.k8s.io/v1. */
interface Declared {
  readonly name: string;
  readonly clientConfig: ClientConfig;
  readonly rules?: readonly Rule[];
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly matchPolicy?: "Exact" | "Equivalent";
  readonly namespaceSelector?: Selector;
  readonly objectSelector?: Selector;
  readonly matchConditions?: readonly MatchCondition[];
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[];
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
}

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

export interface ClientConfig {
  readonly url?: string;
  readonly service?: ServiceReference & { readonly path?: string };
  /** Base64 of PEM. */
  readonly caBundle?: string;
}

export interface Webhook extends Declared {
  /** Its configuration and place in it: no other has the same. */
  readonly id: string;
  readonly namespaceMatches: (labels?: Record<string, string>) => boolean;
  readonly objectMatches: (labels?: Record<string, string>) => boolean;
}

interface Configuration extends Stored {
  webhooks?: readonly Declared[];
}

export type WebhookKind = "mutatingwebhookconfigurations" | "validatingwebhookconfigurations";

const compiled = new WeakMap<Stored, readonly Webhook[]>();
const none: readonly Webhook[] = [];

/** By the names of their configurations, then as these list them. */
export function webhooksOf(view: ClusterView, kind: WebhookKind): readonly Webhook[] {
  const configurations = view.list("admissionregistration.k8s.io", kind);
  return configurations.length === 0 ? none : configurations.flatMap(compile);
}

function compile(configuration: Configuration): readonly Webhook[] {
  const known = compiled.get(configuration);
  if (known) return known;
  const made = (configuration.webhooks ?? []).map((webhook, index): Webhook => ({
    ...webhook,
    id: `${configuration.metadata.name}/${index}`,
    namespaceMatches: compileLabelSelector(webhook.namespaceSelector ?? {}),
    objectMatches: compileLabelSelector(webhook.objectSelector ?? {}),
  }));
  compiled.set(configuration, made);
  return made;
}
