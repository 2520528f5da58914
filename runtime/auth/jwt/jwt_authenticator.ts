/** Tokens of issuers outside the cluster (OIDC): by the signature of the issuer, its audiences, and its rules. */
import { jwtVerify, type JWTVerifyGetKey } from "jose";
import { StatusError } from "../../schema/mod.ts";
import { bearerOf } from "../bearer.ts";
import { claimsIssuer } from "../service_account_token.ts";
import type { Authenticator, User } from "../user.ts";
import type { AuthenticationConfiguration, JwtConfiguration } from "./configuration.ts";
import { type Claims, identityRules } from "./identity.ts";
import { issuerKeys } from "./issuer_keys.ts";

/** No symmetric ones: whoever could check such a token could make one. */
const algorithms = ["RS", "ES", "PS"].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`));

export function jwtTokens({ jwt }: AuthenticationConfiguration, now: () => number = Date.now): Authenticator {
  const issuers = jwt.map((config) => ({ url: config.issuer.url, verify: verifier(config, now) }));
  return async ({ authorization }) => {
    const token = bearerOf(authorization);
    const issuer = token && issuers.find(({ url }) => claimsIssuer(token, url));
    if (!issuer) return undefined;
    try {
      return await issuer.verify(token);
    } catch (cause) {
      throw new StatusError("Unauthorized", "Unauthorized", {}, { cause });
    }
  };
}

function verifier(config: JwtConfiguration, now: () => number): (token: string) => Promise<User> {
  const identity = identityRules(config);
  const keys: JWTVerifyGetKey = issuerKeys(config, now);
  const { url, audiences } = config.issuer;
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      issuer: url,
      audience: [...audiences],
      algorithms,
      requiredClaims: ["exp"],
      currentDate: new Date(now()),
    });
    const proof = { expiresMs: payload.exp! * 1000, uids: [] };
    return { ...identity(payload as Claims), proof };
  };
}
