/**
 * Secrets of type `kubernetes.io/service-account-token`: they get a token that is bound to them, a new one when the key that
 * signs is another, and go with their account.
 *
 * The tokens of pods are others: they are projected into volumes and last an hour. These last as long as their Secret.
 *
 * Source: "Manually create a long-lived API token for a ServiceAccount"
 * (https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/).
 */
import type { ISecret } from "kubernetes-models/v1/Secret";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import {
  accountNameAnnotation,
  accountUidAnnotation,
  isSignedByAnother,
  tokenSecretType,
} from "../runtime/auth/mod.ts";
import { isReason, keyOf, type KubeObject, refOf, Secret, ServiceAccount, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  done,
  type InformerFilter,
  type LoopContext,
  mapped,
  type Outcome,
  type Source,
  watches,
} from "../runtime/loop/mod.ts";

const tokens: InformerFilter = { fieldSelector: `type=${tokenSecretType}` };

/** The longest that a token may last, in seconds. */
const longest = 2 ** 32;

/** What the cluster is known by, and what signs. PEM. */
export interface TokenKeys {
  readonly pki: { readonly ca: { readonly cert: string }; readonly serviceAccountKey: string };
  onRenewed(tell: () => void): Disposable;
}

export function serviceAccountTokens(keys: TokenKeys): Controller {
  return {
    name: "serviceaccount-token",
    sources: [watches(Secret, tokens), secretsOfAccounts(), allWhenRenewed(keys)],
    async reconcile(key, context): Promise<Outcome> {
      const secret = context.informers.of(Secret, tokens).get(key);
      if (!secret || secret.metadata.deletionTimestamp) return done;
      const { annotations = {}, namespace } = secret.metadata;
      const name = annotations[accountNameAnnotation];
      // The local copy may not know an account yet whose Secret came with it.
      const account = name ? await context.client.get(ServiceAccount, { namespace, name }) : undefined;
      const uid = annotations[accountUidAnnotation];
      const another = uid !== undefined && uid !== account?.metadata.uid;
      if (!account || another) await remove(secret, context);
      else await fill(secret, account, keys.pki, context);
      return done;
    },
  };
}

function allWhenRenewed(keys: TokenKeys): Source {
  return {
    start(enqueue, { informers, signal }) {
      const secrets = informers.of(Secret, tokens);
      const told = keys.onRenewed(() => {
        for (const secret of secrets.list()) enqueue(keyOf(secret));
      });
      signal.addEventListener("abort", () => told[Symbol.dispose](), { once: true });
    },
  };
}

function secretsOfAccounts() {
  return mapped(ServiceAccount, ({ metadata: { name, namespace } }, { informers }) => {
    const secrets = informers.of(Secret, tokens).list(namespace);
    return secrets.filter((secret) => secret.metadata.annotations?.[accountNameAnnotation] === name).map(keyOf);
  }, { when: ({ type }) => type !== "MODIFIED" });
}

async function fill(
  secret: Stored<ISecret>,
  { metadata: { name, uid } }: Stored<IServiceAccount>,
  { ca, serviceAccountKey }: TokenKeys["pki"],
  { client }: LoopContext,
): Promise<void> {
  const { data = {}, metadata } = secret;
  const { namespace = "", resourceVersion, annotations } = metadata;
  const whole = data.token && annotations?.[accountUidAnnotation] !== undefined;
  const keep = whole && !await isSignedByAnother(atob(data.token!), serviceAccountKey);
  const fixed = { "ca.crt": btoa(ca.cert), namespace: btoa(namespace) };
  if (keep && data["ca.crt"] === fixed["ca.crt"] && data.namespace === fixed.namespace) return;
  const token = keep ? data.token : btoa(await tokenFor(secret, name, client));
  const body = {
    metadata: { resourceVersion, annotations: { [accountUidAnnotation]: uid } },
    data: { token: token!, ...fixed },
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
