/** etcd's messages as its gateway writes them in JSON, and their translation to the store's. */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Entry, StoreChange } from "../store.ts";

export interface KeyValue {
  key: string;
  value?: string;
  mod_revision: string;
  create_revision: string;
}

export interface Header {
  revision: string;
}

export interface RangeResponse {
  header: Header;
  kvs?: KeyValue[];
  count?: string;
}

export interface TxnResponse {
  header: Header;
  succeeded?: boolean;
  responses?: { response_range?: RangeResponse }[];
}

export interface WatchEvent {
  type?: "DELETE";
  kv: KeyValue;
  prev_kv?: KeyValue;
}

export interface WatchResponse {
  result?: {
    header: Header;
    created?: boolean;
    canceled?: boolean;
    cancel_reason?: string;
    compact_revision?: string;
    events?: WatchEvent[];
  };
  error?: { message?: string };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function toBase64(text: string): string {
  return encodeBase64(encoder.encode(text));
}

export function entryOf({ key, value = "", mod_revision, create_revision }: KeyValue): Entry {
  return {
    key: decoder.decode(decodeBase64(key)),
    value: decodeBase64(value),
    revision: Number(mod_revision),
    created: Number(create_revision),
  };
}

export function changeOf({ type, kv, prev_kv }: WatchEvent): StoreChange {
  const entry = entryOf({ ...kv, create_revision: kv.create_revision ?? "0" });
  if (type !== "DELETE") return { type: "put", entry };
  return { type: "delete", key: entry.key, revision: entry.revision, previous: prev_kv && entryOf(prev_kv) };
}
