/**
 * The ways to prove who one is, and their composition. Why a proof was not accepted stays in the error's `cause`, for the
 * log: a caller learns only `Unauthorized`.
 */
import { StatusError } from "../schema/mod.ts";
import { bearerOf } from "./bearer.ts";
import { claimsIssuer, type TokenIssuer } from "./service_account_token.ts";
import type { Authenticator } from "./user.ts";

const credentialId = "authentication.kubernetes.io/credential-id";

/** Common name is the user, organizations are the groups. The listener has verified the chain and the version. */
export function clientCertificates(): Authenticator {
  return ({ certificate }) => {
    if (!certificate?.commonName || certificate.authority) return Promise.resolve(undefined);
    const groups = [...certificate.organizations, "system:authenticated"];
    const { fingerprint } = certificate;
    const extra = fingerprint && { [credentialId]: [`X509SHA256=${fingerprint}`] };
    return Promise.resolve({ name: certificate.commonName, groups, ...(extra && { extra }) });
  };
}

export function serviceAccountTokens(issuer: TokenIssuer): Authenticator {
  return async ({ authorization }) => {
    const token = bearerOf(authorization);
    if (!token || !claimsIssuer(token, issuer.issuer)) return undefined;
    return (await issuer.verify(token)).user;
  };
}

/**
 * The first that knows the caller wins. A wrong proof does not hide a right one, as upstream's union has it; an
 * `Authorization` header that nobody accepts is refused, so that a mistyped token never turns into `system:anonymous`.
 */
export function anyOf(...authenticators: readonly Authenticator[]): Authenticator {
  return async (credentials) => {
    let refusal: unknown;
    for (const authenticate of authenticators) {
      try {
        const user = await authenticate(credentials);
        if (user) return user;
      } catch (error) {
        refusal ??= error;
      }
    }
    if (refusal) throw refusal;
    if (!credentials.authorization) return undefined;
    const cause = new Error("no authenticator knows this Authorization header");
    throw new StatusError("Unauthorized", "Unauthorized", {}, { cause });
  };
}
