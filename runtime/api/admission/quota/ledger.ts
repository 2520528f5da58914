/**
 * `status.used` of quotas as the ledger that every API server of the cluster writes to: before what takes is stored, and
 * after what frees is gone. What is in it is never less than what is there, whoever dies in between; what a dead one left
 * in it too much is taken out by the `resourcequota` loop.
 *
 * Laws: an entry is one write at the revision that was read, so two API servers never
 * give the same place twice; entries of one namespace that come together are one write; they are decided in order; a
 * refusal is decided on what is stored now.
 */
import { isReason, parseQuantity, StatusError, type Stored } from "../../../schema/mod.ts";
import { apiServerUser } from "../../bootstrap/ensure.ts";
import { copyJson } from "../../objects/json_value.ts";
import type { Machinery } from "../../objects/machinery.ts";
import { modify } from "../../objects/modify.ts";
import type { Quota } from "./charge.ts";
import { text } from "./excess.ts";
import type { QuotaSpec } from "./scopes.ts";
import type { Usage } from "./usage.ts";

/** One write's line in the ledger. */
export interface Posting {
  /** By names that the quota limits. */
  readonly amounts: (spec: QuotaSpec) => Usage;
  readonly sign: 1n | -1n;
  readonly refusal?: (quota: Quota, used: Usage) => StatusError | undefined;
  /** What is stored of the kind, for a quota whose status does not say it yet. */
  readonly count: (spec: QuotaSpec) => Usage;
}

interface Waiting {
  readonly posting: Posting;
  readonly settled: PromiseWithResolvers<void>;
}

export class Ledger {
  /** By namespace, while somebody writes there. */
  readonly #queues = new Map<string, Waiting[]>();

  /** Throws the refusal of the first quota that has no room. */
  post(m: Machinery, namespace: string, posting: Posting): Promise<void> {
    const waiting = { posting, settled: Promise.withResolvers<void>() };
    const queue = this.#queues.get(namespace);
    if (queue) queue.push(waiting);
    else void this.#drain(m, namespace, [waiting]);
    return waiting.settled.promise;
  }

  async #drain(m: Machinery, namespace: string, queue: Waiting[]): Promise<void> {
    this.#queues.set(namespace, queue);
    while (queue.length > 0) await settle(m, namespace, queue.splice(0));
    this.#queues.delete(namespace);
  }
}

/** Never throws: each is told for itself. */
async function settle(m: Machinery, namespace: string, batch: readonly Waiting[]): Promise<void> {
  const refused = new Map<Posting, unknown>();
  const postings = batch.map(({ posting }) => posting);
  try {
    await enterAll(m, namespace, postings, refused);
  } catch (error) {
    for (const posting of postings) if (!refused.has(posting)) refused.set(posting, error);
  }
  for (const { posting, settled } of batch) {
    if (refused.has(posting)) settled.reject(refused.get(posting));
    else settled.resolve();
  }
}

async function enterAll(m: Machinery, namespace: string, postings: readonly Posting[], refused: Map<Posting, unknown>) {
  const entered: string[] = [];
  for (const { metadata: { name } } of m.view.list("", "resourcequotas", namespace)) {
    const target = { namespace, name };
    const now = await enter(m, target, postings.filter((posting) => !refused.has(posting)));
    for (const [posting, why] of now) refused.set(posting, why);
    const undone = [...now.keys()].map(reversed);
    if (undone.length > 0) { for (const earlier of entered) await enter(m, { namespace, name: earlier }, undone); }
    entered.push(name);
  }
}

function reversed({ amounts, count, sign }: Posting): Posting {
  return { amounts, count, sign: sign === 1n ? -1n : 1n };
}

const call = { user: apiServerUser, fieldManager: "kube-apiserver", subresource: "status", admitted: true };

/** Those that it has no room for. A quota that is gone has room for all. */
async function enter(m: Machinery, at: { namespace: string; name: string }, postings: readonly Posting[]) {
  let refused = new Map<Posting, StatusError>();
  const resource = m.registry.find("", "v1", "resourcequotas")!;
  const change = (current: Stored) => {
    refused = new Map();
    return { object: withEntries(current as Quota, postings, refused) };
  };
  try {
    await modify(m, { resource, ...at }, call, change);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
  return refused;
}

/** Why it would be refused now. */
export function refusedNow(quota: Quota, posting: Posting): StatusError | undefined {
  const refused = new Map<Posting, StatusError>();
  withEntries(quota, [posting], refused);
  return refused.get(posting);
}

function withEntries(current: Quota, postings: readonly Posting[], refused: Map<Posting, StatusError>): Quota {
  const quota = copyJson(current) as Quota;
  const { spec = {} } = quota;
  const used = new Map<string, bigint>();
  for (const posting of postings) {
    const amounts = posting.amounts(spec);
    fill(used, quota, amounts, posting);
    const why = posting.refusal?.(quota, used);
    if (why) refused.set(posting, why);
    else for (const [name, amount] of amounts) used.set(name, largest(used.get(name)! + posting.sign * amount, 0n));
  }
  if (used.size === 0) return quota;
  const hard = spec.hard ?? {};
  const texts = [...used].map(([name, amount]) => [name, text(amount, hard[name]!)]);
  quota.status = { ...quota.status, hard, used: { ...quota.status?.used, ...Object.fromEntries(texts) } };
  return quota;
}

/** What the quota says of the amounts that a posting is about; counted where it says nothing yet. */
function fill(used: Map<string, bigint>, { spec = {}, status }: Quota, amounts: Usage, { count }: Posting): void {
  const missing = [...amounts.keys()].filter((name) => !used.has(name));
  const counted = missing.every((name) => status?.used?.[name] !== undefined) ? undefined : count(spec);
  for (const name of missing) {
    const said = status?.used?.[name];
    used.set(name, said === undefined ? counted!.get(name) ?? 0n : parseQuantity(said).nano);
  }
}

function largest(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
