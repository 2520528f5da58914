/** What the store and its worker say to each other. Everything is structured-clone data; answers carry the ask's id. */
import type { Entry, ListRequest, StoreChange, StoreError, WriteAnswer } from "../store.ts";

export interface Write {
  readonly key: string;
  /** Absent: delete. */
  readonly value?: Uint8Array;
  readonly expected: number;
  readonly ttlSeconds?: number;
  readonly keepTtl?: boolean;
}

export type Ask =
  | { readonly type: "open"; readonly path: string }
  | { readonly type: "write"; readonly writes: readonly Write[] }
  | { readonly type: "get"; readonly key: string }
  | { readonly type: "list"; readonly request: ListRequest }
  | { readonly type: "count"; readonly prefix: string }
  | { readonly type: "history"; readonly prefix: string; readonly after: number }
  | { readonly type: "compact"; readonly revision: number }
  | { readonly type: "size" }
  | { readonly type: "close" };

/** A write's outcome, with what its change needs: when the key was created, and what a delete removed. */
export type Written = WriteAnswer & { readonly created?: number; readonly deleted?: Entry };

export interface History {
  readonly changes: readonly StoreChange[];
  readonly revision: number;
}

export type Tell =
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "error"; readonly id: number; readonly reason: StoreError["reason"]; readonly message: string }
  /** Keys that outlived their time to live. */
  | { readonly type: "expired"; readonly changes: readonly StoreChange[]; readonly revision: number };
