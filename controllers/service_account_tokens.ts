/**
 * Secrets of type `kubernetes.io/service-account-token`: they get a token that is bound to them, and go with their account.
 *
 * The tokens of pods are others: they are projected into volumes and last an hour. These last as long as their Secret.
 *
 * Source: "Manually create a long-lived API token for a ServiceAccount"
 * (https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/).
 */
import type { ISecret } from "kubernetes-models/v1/Secret";
import { isReason, keyOf, type KubeObject, refOf, Secret, ServiceAccount, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  done,
  type InformerFilter,
  type LoopContext,
  mapped,
  type Outcome,
  watches,
} from "../runtime/loop/mod.ts";

const tokens: InformerFilter = { fieldSelector: "type=kubernetes.io/service-account-token" };
const nameAnnotation = "kubernetes.io/service-account.name";
const uidAnnotation = "kubernetes.io/service-account.uid";

/** The longest that a token may last, in seconds. */
const longest = 2 ** 32;

/** `ca`: the authority's certificate in PEM, by which whoever uses the token knows the API server. */
export function serviceAccountTokens({ ca }: { ca: string }): Controller {
  return {
    name: "serviceaccount-token",
    sources: [watches(Secret, tokens), secretsOfAccounts()],
    async reconcile(key, context): Promise<Outcome> {
      const secret = context.informers.of(Secret, tokens).get(key);
      if (!secret || secret.metadata.deletionTimestamp) return done;
      const { annotations = {}, namespace } = secret.metadata;
      const name = annotations[nameAnnotation];
      // The local copy may not know an account yet whose Secret came with it.
      const account = name ? await context.client.get(ServiceAccount, { namespace, name }) : undefined;
      const another = annotations[uidAnnotation] !== undefined && annotations[uidAnnotation] !== account?.metadata.uid;
      if (!account || another) await remove(secret, context);
      else if (!isFilled(secret, ca)) {
        await fill(secret, { name: account.metadata.name, uid: account.metadata.uid, ca }, context);
      }
      return done;
    },
  };
}

function secretsOfAccounts() {
  return mapped(ServiceAccount, ({ metadata: { name, namespace } }, { informers }) => {
    const secrets = informers.of(Secret, tokens).list(namespace);
    return secrets.filter((secret) => secret.metadata.annotations?.[nameAnnotation] === name).map(keyOf);
  }, { when: ({ type }) => type !== "MODIFIED" });
}

function isFilled({ data = {}, metadata }: Stored<ISecret>, ca: string): boolean {
  const { namespace = "", annotations } = metadata;
  return Boolean(data.token) && data["ca.crt"] === btoa(ca) && data.namespace === btoa(namespace) &&
    annotations?.[uidAnnotation] !== undefined;
}

async function fill(
  secret: Stored<ISecret>,
  { name, uid, ca }: { name: string; uid: string; ca: string },
  { client }: LoopContext,
): Promise<void> {
  const { namespace = "", resourceVersion } = secret.metadata;
  const token = secret.data?.token ?? btoa(await tokenFor(secret, name, client));
  const body = {
    metadata: { resourceVersion, annotations: { [uidAnnotation]: uid } },
    data: { token, "ca.crt": btoa(ca), namespace: btoa(namespace) },
  };
  await client.patch(Secret, refOf(keyOf(secret)), { type: "merge", body });
}

async function tokenFor(
  { metadata }: Stored<ISecret>,
  account: string,
  client: LoopContext["client"],
): Promise<string> {
  const { namespace, name, uid } = metadata;
  const boundObjectRef = { apiVersion: "v1", kind: "Secret", name, uid };
  const answer = await client.post(ServiceAccount, { namespace, name: account }, "token", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [], expirationSeconds: longest, boundObjectRef },
  } as KubeObject);
  return (answer.status as { token: string }).token;
}

async function remove({ metadata }: Stored<ISecret>, { client }: LoopContext): Promise<void> {
  const { uid, resourceVersion } = metadata;
  try {
    await client.delete(Secret, refOf(keyOf({ metadata })), { preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}
