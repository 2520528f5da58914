/** etcd behind the store's interface: for where one machine is not enough. Tried against 3.4 and 3.6. */
import { prefixEnd } from "../prefix.ts";
import {
  type ListAnswer,
  type ListRequest,
  type Store,
  StoreError,
  type WatchBatch,
  type WatchRequest,
  type WriteAnswer,
  type WriteOptions,
} from "../store.ts";
import { encodeBase64 } from "./base64.ts";
import { type EtcdOptions, Gateway } from "./gateway.ts";
import { Leases } from "./leases.ts";
import { changeOf, entryOf, type RangeResponse, toBase64, type TxnResponse, type WatchResponse } from "./wire.ts";

/**
 * Written to make every watch move: the gateway offers no progress request over HTTP/1.1, but a write below the watched
 * prefix comes back on each watch, with a revision.
 */
const progressKey = "/registry/d8s.local/progress";

export async function openEtcdStore(options: EtcdOptions): Promise<Store> {
  const store = new EtcdStore(new Gateway(options));
  try {
    await store.revision();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class EtcdStore implements Store {
  #leases: Leases;
  #closing = new AbortController();

  constructor(private readonly gateway: Gateway) {
    this.#leases = new Leases(gateway);
  }

  async get(key: string) {
    const { kvs = [], header } = await this.#range({ key: toBase64(key) });
    return { entry: kvs[0] && entryOf(kvs[0]), revision: Number(header.revision) };
  }

  async list({ prefix, startAfter = "", limit = 0, revision }: ListRequest): Promise<ListAnswer> {
    const answer = await this.#range({
      key: toBase64(startAfter >= prefix ? startAfter + "\0" : prefix),
      range_end: rangeEnd(prefix),
      limit: String(limit),
      ...(revision === undefined ? {} : { revision: String(revision) }),
    });
    const entries = (answer.kvs ?? []).map(entryOf);
    const remaining = Number(answer.count ?? 0) - entries.length;
    return { entries, revision: revision ?? Number(answer.header.revision), remaining };
  }

  async count(prefix: string): Promise<number> {
    const { count = "0" } = await this.#range({ key: toBase64(prefix), range_end: rangeEnd(prefix), count_only: true });
    return Number(count);
  }

  async put(key: string, value: Uint8Array, { expected, ttlSeconds, keepTtl }: WriteOptions): Promise<WriteAnswer> {
    const lease = ttlSeconds ? { lease: await this.#leases.leaseFor(ttlSeconds) } : { ignore_lease: keepTtl };
    return await this.#txn(key, expected, {
      request_put: { key: toBase64(key), value: encodeBase64(value), ...lease },
    });
  }

  delete(key: string, { expected }: { expected: number }): Promise<WriteAnswer> {
    return this.#txn(key, expected, { request_delete_range: { key: toBase64(key) } });
  }

  async *watch({ prefix, after, signal }: WatchRequest): AsyncGenerator<WatchBatch> {
    const create = {
      key: toBase64(prefix),
      range_end: rangeEnd(prefix),
      start_revision: String(after + 1),
      prev_kv: true,
      progress_notify: true,
    };
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const answers = this.gateway.stream<WatchResponse>("/v3/watch", { create_request: create }, either);
    let reached = after;
    for await (const { result, error } of answers) {
      if (error) throw new StoreError("unavailable", `etcd ended the watch: ${error.message}`);
      if (!result || result.canceled) throw canceled(result);
      const changes = (result.events ?? []).map(changeOf);
      const revision = Number(result.header.revision);
      // The header of `created` names the newest revision although older changes are still to come.
      if (result.created && revision > reached) continue;
      reached = Math.max(reached, changes.length > 0 ? newest(changes) : revision);
      yield { changes: changes.filter((change) => nameOf(change) !== progressKey), revision: reached };
    }
    if (!either.aborted) throw new StoreError("unavailable", "etcd closed the watch");
  }

  async revision(): Promise<number> {
    const { header } = await this.#range({ key: toBase64(progressKey), count_only: true });
    return Number(header.revision);
  }

  async requestProgress(): Promise<void> {
    await this.gateway.call("/v3/kv/put", { key: toBase64(progressKey), value: "" }, { idempotent: true });
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.gateway.call("/v3/kv/compaction", { revision: String(revision) }, { idempotent: true });
    } catch (error) {
      // Another master was faster.
      if (!(error instanceof StoreError) || error.reason !== "compacted") throw error;
    }
  }

  async size(): Promise<number> {
    const status = await this.gateway.call<{ dbSize?: string }>("/v3/maintenance/status", {}, { idempotent: true });
    return Number(status.dbSize ?? 0);
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.gateway.close();
    return Promise.resolve();
  }

  #range(request: Record<string, unknown>): Promise<RangeResponse> {
    return this.gateway.call("/v3/kv/range", request, { idempotent: true });
  }

  async #txn(key: string, expected: number, request: Record<string, unknown>): Promise<WriteAnswer> {
    const answer = await this.gateway.call<TxnResponse>("/v3/kv/txn", {
      compare: [{ key: toBase64(key), target: "MOD", result: "EQUAL", mod_revision: String(expected) }],
      success: [request],
      failure: [{ request_range: { key: toBase64(key) } }],
    }, { idempotent: false });
    const revision = Number(answer.header.revision);
    if (answer.succeeded) return { ok: true, revision };
    const current = answer.responses?.[0]?.response_range?.kvs?.[0];
    return { ok: false, current: current && entryOf(current), revision };
  }
}

function rangeEnd(prefix: string): string {
  const end = prefixEnd(prefix);
  return end === undefined ? "AA==" : toBase64(end);
}

function canceled(result: WatchResponse["result"]): StoreError {
  const compact = Number(result?.compact_revision ?? 0);
  if (compact > 0) return new StoreError("compacted", `the revision has been compacted, the oldest is ${compact}`);
  return new StoreError("unavailable", `etcd cancelled the watch: ${result?.cancel_reason ?? "no reason given"}`);
}

function nameOf(change: WatchBatch["changes"][number]): string {
  return change.type === "put" ? change.entry.key : change.key;
}

function newest(changes: WatchBatch["changes"]): number {
  const last = changes.at(-1)!;
  return last.type === "put" ? last.entry.revision : last.revision;
}
