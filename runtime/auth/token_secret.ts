/**
 * Secrets of type `kubernetes.io/service-account-token`, whose tokens last as long as they do: when each was last used, and
 * which were declared invalid because nobody used them (KEP-2799).
 */
import type { ObjectMeta, Ref } from "../schema/mod.ts";

export interface TokenSecret {
  readonly type?: string;
  readonly metadata?: ObjectMeta;
}

export const tokenSecretType = "kubernetes.io/service-account-token";
export const accountNameAnnotation = "kubernetes.io/service-account.name";
export const accountUidAnnotation = "kubernetes.io/service-account.uid";
/** Both hold a day: `2026-01-31`. */
export const lastUsedLabel = "kubernetes.io/legacy-token-last-used";
export const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";

/** Why the token in it does not count, in upstream's words. */
export function tokenSecretFault(ref: Ref, account: string, { metadata }: TokenSecret): string | undefined {
  if (!metadata?.labels?.[invalidSinceLabel]) return undefined;
  return `the token in secret ${ref.namespace}/${ref.name} for service account ${ref.namespace}/${account} has been ` +
    "marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the " +
    `'${invalidSinceLabel}' label from the secret to temporarily allow use of this token`;
}

/** Is this its first use on that day? */
export function isNewlyUsed({ type, metadata }: TokenSecret, day: string): boolean {
  return type === tokenSecretType && metadata?.labels?.[lastUsedLabel] !== day;
}
