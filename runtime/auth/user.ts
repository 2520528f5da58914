/** Who asks, and whether they may: the two questions that the API server and the kubelet put to `runtime/auth`. */

/** meta: authentication.k8s.io/v1 UserInfo */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** Who really asks, when this is somebody that he acts as. */
  readonly impersonator?: User;
  /** Until when, and by the existence of which objects, the proof holds: a long answer ends with it. */
  readonly proof?: Proof;
}

export interface Proof {
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
  /** uids of the account and of what else the credentials are bound to. */
  readonly uids: readonly string[];
}

/** What a connection and a request bring along to prove who asks. */
export interface Credentials {
  /** Present only when the peer showed a certificate that was verified against the client CA and is of version 3. */
  readonly certificate?: PeerCertificate;
  /** The `Authorization` header, verbatim. */
  readonly authorization?: string;
  /** Every header line; names in any case. */
  readonly headers?: Iterable<readonly [name: string, value: string]>;
}

export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** SHA-256, in hexadecimal digits. */
  readonly fingerprint?: string;
  /** By whom it was signed: absent, by the authority for clients; a front proxy speaks for others and is nobody itself. */
  readonly authority?: "front-proxy";
}

/** `undefined`: these credentials are not mine. Throws a `StatusError` Unauthorized when they are mine and wrong. */
export type Authenticator = (credentials: Credentials) => Promise<User | undefined>;

/** authorization.k8s.io/v1: what is asked for. */
export interface Attributes {
  readonly user: User;
  /** Lower-case request verb: get, list, watch, create, ... or the HTTP method for non-resource paths. */
  readonly verb: string;
  readonly path: string;
  /** Absent for non-resource paths. */
  readonly resource?: {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    /** As the request has them, for list, watch and deletecollection. */
    readonly fieldSelector?: string;
    readonly labelSelector?: string;
  };
}

export interface Decision {
  readonly allowed: boolean;
  /** Nobody else is asked; otherwise who does not allow has no opinion. */
  readonly denied?: boolean;
  readonly reason: string;
}

export type Authorizer = (attributes: Attributes) => Promise<Decision>;

/** `system:anonymous`, for health and version. */
export const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
