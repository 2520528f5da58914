/** `/.well-known/openid-configuration` and `/openid/v1/jwks`: how others check the tokens of this cluster (OpenID Connect Discovery). */
import type { TokenIssuer } from "../../auth/service_account_token.ts";

/** `undefined`: no tokens are made here. */
export async function openIdDocument(path: string, tokens: TokenIssuer | undefined): Promise<object | undefined> {
  if (!tokens) return undefined;
  if (path === "/openid/v1/jwks") return await tokens.keySet();
  return {
    issuer: tokens.issuer,
    jwks_uri: `${tokens.issuer}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}
