/** An AuthenticationConfiguration at work: the tokens of its issuers, and where nobody in particular may ask. */
import { decoded } from "../structured/decoding.ts";
import type { Authenticator } from "../user.ts";
import { authenticationSchema } from "./configuration.ts";
import { jwtTokens } from "./jwt_authenticator.ts";
import { checkAuthentication } from "./validation.ts";

export interface StructuredAuthentication {
  readonly authenticate: Authenticator;
  /** Whether a request without credentials is let in as `system:anonymous` at this path; it still needs the right. */
  anonymous(path: string): boolean;
}

export interface AuthenticationOptions {
  /** Of the cluster's own tokens. */
  readonly ownIssuers: readonly string[];
  readonly now?: () => number;
}

/** `document`: what the file says, parsed. Throws an Error with every fault in it. */
export function structuredAuthentication(document: unknown, options: AuthenticationOptions): StructuredAuthentication {
  const config = decoded({ kind: "AuthenticationConfiguration", schema: authenticationSchema }, document);
  checkAuthentication(config, options.ownIssuers);
  const { enabled, conditions } = config.anonymous ?? { enabled: true, conditions: [] };
  const paths = new Set(conditions.map(({ path }) => path));
  return {
    authenticate: jwtTokens(config, options.now),
    anonymous: (path) => enabled && (paths.size === 0 || paths.has(path)),
  };
}
