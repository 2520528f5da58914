/** Who asks, and whether they may: the two questions that the API server and the kubelet put to `runtime/auth`. */

/** meta: authentication.k8s.io/v1 UserInfo */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a connection and a request bring along to prove who asks. */
export interface Credentials {
  /** Present only when the peer showed a certificate that was verified against the client CA and is of version 3. */
  readonly certificate?: { readonly commonName: string; readonly organizations: readonly string[] };
  /** The `Authorization` header, verbatim. */
  readonly authorization?: string;
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
  };
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

export type Authorizer = (attributes: Attributes) => Promise<Decision>;

/** `system:anonymous`, for health and version. */
export const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
