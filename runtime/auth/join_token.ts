/**
 * What a joining machine is given: a bootstrap token, and the means to know the right cluster before it says a word of it.
 *
 * The form is `K10<hash>::<id>.<secret>`, as k3s writes its secure tokens; the hash is kubeadm's discovery hash: SHA-256 of the
 * cluster CA's SubjectPublicKeyInfo, 64 hex digits, which outlives the renewal of the CA.
 */
import { type BootstrapToken, parseBootstrapToken } from "./bootstrap_token.ts";
import { publicKeyHash } from "./certificate_facts.ts";

export interface JoinToken {
  readonly caHash: string;
  readonly bootstrap: BootstrapToken;
}

export function formatJoinToken(caPem: string, { id, secret }: BootstrapToken): string {
  return `K10${publicKeyHash(caPem)}::${id}.${secret}`;
}

/** Throws an `Error` that says what is wrong, without repeating the secret. */
export function parseJoinToken(text: string): JoinToken {
  const [, caHash, rest] = /^K10([0-9a-f]{64})::(.+)$/.exec(text.trim()) ?? [];
  const bootstrap = rest && parseBootstrapToken(rest);
  if (!caHash || !bootstrap) {
    throw new Error("the join token is not complete: it looks like K10<64 hex digits>::<6 characters>.<16 characters>");
  }
  return { caHash, bootstrap };
}
