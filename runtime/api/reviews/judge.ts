/** One kind of review: what it is given, and what it answers. */
import type { Authenticator, Authorizer, User } from "../../auth/user.ts";
import type { ClusterAccess } from "../../auth/cluster_access.ts";
import type { TokenIssuer } from "../../auth/service_account_token.ts";
import type { FieldError } from "../../schema/mod.ts";
import type { Exchange } from "../http/exchange.ts";

export interface Judges {
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly access?: ClusterAccess;
  readonly tokens?: TokenIssuer;
}

export type Spec = Readonly<Record<string, unknown>>;

export interface Judge {
  check?(spec: Spec, namespace: string): FieldError[];
  /** The answer repeats what was asked; absent: yes. */
  readonly tellsSpec?: boolean;
  judge(spec: Spec, exchange: Exchange): Promise<object> | object;
}

/** authentication.k8s.io/v1 UserInfo */
export function userInfo({ name, uid, groups, extra }: User) {
  return { username: name, ...(uid ? { uid } : {}), groups: [...groups], ...(extra ? { extra } : {}) };
}
