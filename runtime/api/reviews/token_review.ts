/** TokenReview: whose token is this. One that is not good is an answer, not an error. */
import type { Authenticator } from "../../auth/user.ts";
import type { TokenIssuer } from "../../auth/service_account_token.ts";
import { badRequest } from "../objects/refusals.ts";
import { type Judge, type Judges, userInfo } from "./judge.ts";

export function tokenReview({ authenticate, tokens }: Judges): Judge {
  return {
    async judge(spec) {
      const { token, audiences = [] } = spec as { token?: string; audiences?: string[] };
      if (!token) throw badRequest("token is required for TokenReview in authentication");
      try {
        return await review(authenticate, tokens, token, audiences);
      } catch (error) {
        return { user: {}, error: reasonOf(error) };
      }
    },
  };
}

async function review(
  authenticate: Authenticator,
  tokens: TokenIssuer | undefined,
  token: string,
  audiences: string[],
) {
  const own = tokens?.audiences ?? [];
  const others = audiences.filter((audience) => !own.includes(audience));
  if (tokens && others.length > 0) {
    const verified = await tokens.verify(token, audiences);
    return { authenticated: true, user: userInfo(verified.user), audiences: verified.audiences };
  }
  const user = await authenticate({ authorization: `Bearer ${token}` });
  if (!user) return { user: {} };
  return { authenticated: true, user: userInfo(user), audiences: audiences.length > 0 ? audiences : own };
}

/** What upstream tells of a token that failed is the reason, which it does not tell the token's holder. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const why = cause instanceof Error ? cause.message : message;
  return `[invalid bearer token, ${why}]`;
}
