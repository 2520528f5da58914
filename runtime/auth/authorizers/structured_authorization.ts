/** An AuthorizationConfiguration at work. */
import type { ClusterAccess } from "../cluster_access.ts";
import { decoded } from "../structured/decoding.ts";
import type { Authorizer } from "../user.ts";
import { authorizationSchema, type WebhookConfiguration } from "./configuration.ts";
import type { Pauses } from "./retried.ts";
import { checkAuthorization } from "./validation.ts";
import { webhookAuthorizer, type WebhookTarget } from "./webhook_authorizer.ts";

export interface AuthorizationOptions {
  /** What the API server decides by itself. */
  readonly own: ClusterAccess["own"];
  /** Reads the kubeconfig, or what every pod finds in itself; throws when it cannot. */
  readonly target: (info: WebhookConfiguration["connectionInfo"]) => WebhookTarget;
  readonly now?: () => number;
  readonly pauses?: Pauses;
}

const usualPauses: Pauses = { wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)), random: Math.random };

/** The authorizers in their order. `document`: what the file says, parsed. Throws an Error with every fault in it. */
export function structuredAuthorization(document: unknown, options: AuthorizationOptions): Authorizer[] {
  const { own, target, now = Date.now, pauses = usualPauses } = options;
  const config = decoded({ kind: "AuthorizationConfiguration", schema: authorizationSchema }, document);
  checkAuthorization(config);
  return config.authorizers.map(({ type, name, webhook }) => {
    if (type === "Node" || type === "RBAC") return own[type];
    return webhookAuthorizer({ name, config: webhook!, target: target(webhook!.connectionInfo), now, pauses });
  });
}
