/**
 * Takes away tokens that old clusters made by themselves and that nobody uses: a Secret of type
 * `kubernetes.io/service-account-token` that its account lists, that no pod mounts and whose token was not used for a year
 * gets a label that makes the token invalid; after another year the Secret goes. Those that people made stay.
 *
 * Source: KEP-2799; the uses are noted by the API server, and since when stands in the ConfigMap
 * `kube-system/kube-apiserver-legacy-service-account-token-tracking`.
 */
import type { ISecret } from "kubernetes-models/v1/Secret";
import { accountNameAnnotation, invalidSinceLabel, lastUsedLabel, tokenSecretType } from "../runtime/auth/mod.ts";
import {
  type Controller,
  done,
  type InformerFilter,
  type LoopContext,
  mapped,
  type Outcome,
  requeueAfter,
  watches,
} from "../runtime/loop/mod.ts";
import { ConfigMap, keyOf, Pod, refOf, Secret, ServiceAccount, type Stored } from "../runtime/schema/mod.ts";

const tokens: InformerFilter = { fieldSelector: `type=${tokenSecretType}` };
const tracking = { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" };
const dayMs = 86_400_000;
const unusedMs = 365 * dayMs;

export function tokenSecretCleaner(): Controller {
  return {
    name: "legacy-serviceaccount-token-cleaner",
    sources: [watches(Secret, tokens), mapped(ServiceAccount, secretsListedBy)],
    async reconcile(key, context): Promise<Outcome> {
      const secret = context.informers.of(Secret, tokens).get(key);
      if (!secret || secret.metadata.deletionTimestamp || !isAutomatic(secret, context)) return done;
      const since = await trackedSinceMs(context);
      if (since === undefined || await isMounted(secret, context)) return requeueAfter(dayMs);
      const dueMs = cleanedMs(secret, since) - context.clock.now();
      if (dueMs > 0) return requeueAfter(Math.min(dueMs, dayMs));
      await clean(secret, context);
      return requeueAfter(dayMs);
    },
  };
}

function secretsListedBy({ metadata: { namespace }, secrets = [] }: Stored<Account>): string[] {
  return secrets.flatMap(({ name }) => name ? [`${namespace}/${name}`] : []);
}

interface Account {
  secrets?: { name?: string }[];
}

function isAutomatic(
  { metadata: { namespace, name, annotations } }: Stored<ISecret>,
  { informers }: LoopContext,
): boolean {
  const account = informers.of(ServiceAccount).get(`${namespace}/${annotations?.[accountNameAnnotation]}`);
  return (account?.secrets ?? []).some((one) => one.name === name);
}

async function trackedSinceMs({ client }: LoopContext): Promise<number | undefined> {
  const { data = {} } = await client.get(ConfigMap, tracking) ?? {};
  return dayOf(data.since);
}

async function isMounted(
  { metadata: { namespace, name } }: Stored<ISecret>,
  { client }: LoopContext,
): Promise<boolean> {
  const { items } = await client.list(Pod, { namespace });
  return items.some(({ spec }) => (spec?.volumes ?? []).some(({ secret }) => secret?.secretName === name));
}

/** When the next step is due: never before all uses since the beginning of the notes were a year ago. */
function cleanedMs({ metadata: { labels = {}, creationTimestamp } }: Stored<ISecret>, since: number): number {
  const marks = [since, Date.parse(creationTimestamp), dayOf(labels[lastUsedLabel]), dayOf(labels[invalidSinceLabel])];
  return Math.max(...marks.filter((mark) => mark !== undefined)) + unusedMs;
}

/** A day that is none counts as nothing. */
function dayOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

/** At the version that was judged: who uses the token meanwhile keeps it. */
async function clean({ metadata }: Stored<ISecret>, { client, clock }: LoopContext): Promise<void> {
  const { uid, resourceVersion, labels = {} } = metadata;
  const ref = refOf(keyOf({ metadata }));
  if (dayOf(labels[invalidSinceLabel]) !== undefined) {
    return void await client.delete(Secret, ref, { preconditions: { uid, resourceVersion } });
  }
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  const body = { metadata: { resourceVersion, labels: { [invalidSinceLabel]: today } } };
  await client.patch(Secret, ref, { type: "merge", body });
}
