/** What a request comes in on, as far as the API server needs to know. Every member may be absent in process. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { PeerCertificate, User } from "../auth/user.ts";

export interface AuditNotes {
  /** As upstream's annotations of audit events: `authorization.k8s.io/decision`. The first value of a key stays. */
  annotate(key: string, value: string): void;
  /** The whole body of the request, once it has been read. */
  body(bytes: Uint8Array): void;
  /** Nobody foresaw this. */
  panicked(error: unknown): void;
}

export interface Connection {
  /** Shown and verified; see `Credentials`. */
  readonly certificate?: PeerCertificate;
  /** Set by callers inside the process only, whose identity is known. */
  readonly user?: User;
  readonly remoteAddress?: string;
  /** Names the request in logs and in the answer's `Audit-Id`; the client's own where it sent one. */
  readonly requestId?: string;
  /** Told of what the audit log wants to know; absent: nobody writes. */
  readonly audit?: AuditNotes;
  /** Calls back when the proof of who asks no longer holds; absent: it holds as long as the connection. */
  readonly whenLost?: (end: () => void) => Disposable;
  /** The raw pair below the request: watches and bodies move without web streams between. */
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}
