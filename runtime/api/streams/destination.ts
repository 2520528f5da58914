/** Where a stream goes: how to get a connection, and what to ask for on it. */
import type { Duplex } from "node:stream";
import type { User } from "../../auth/user.ts";
import type { Record } from "../audit/mod.ts";
import type { AuditNotes, Connection } from "../connection.ts";
import type { ResourcePath } from "../http/request_info.ts";
import type { Upgrade } from "./upgrade.ts";
import type { ClusterView } from "../admission/admission.ts";

export interface Destination {
  connect(): Promise<Duplex>;
  /** With query, ready for the request line. */
  readonly path: string;
  /** `Host` header. */
  readonly host: string;
  /** In lower case: who asks, told in the API server's own words, instead of what the client said under these names. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** Where a kubelet listens. */
export interface KubeletAddress {
  readonly nodeName: string;
  readonly host: string;
  readonly port: number;
}

/** A connection to a kubelet's HTTPS port, TLS done and our certificate shown. */
export type DialKubelet = (address: KubeletAddress) => Promise<Duplex>;

export interface StreamContext {
  readonly view: ClusterView;
  readonly dialKubelet?: DialKubelet;
  /** Takes upgrades of paths that another server serves; `undefined`: not one of those. */
  readonly elsewhere?: (asked: UpgradeAsked) => Promise<Destination> | undefined;
  /** Writes a request down; absent: nobody does. */
  readonly record?: Record;
  /** Calls `end` when the proof of who asks no longer holds; `undefined`: it holds as long as the connection. */
  readonly whileProven?: (user: User, end: () => void) => Disposable | undefined;
  /** Asked before anything is connected; throws its refusal. */
  readonly admitConnect: (request: StreamRequest) => Promise<void>;
}

export interface UpgradeAsked {
  readonly upgrade: Upgrade;
  readonly url: URL;
  readonly user: User;
  readonly connection: Connection;
}

export interface StreamRequest {
  readonly path: ResourcePath;
  readonly query: URLSearchParams;
  /** The same as it was written, with its `?`: what is proxied goes on untouched. */
  readonly search: string;
  readonly user: User;
  readonly audit?: AuditNotes;
}

/** `undefined`: there is nothing to stream, and that is no error. Throws a StatusError where it cannot be reached. */
export type Locate = (context: StreamContext, request: StreamRequest) => Destination | undefined;
