/**
 * Bootstrap tokens: short-lived `id.secret` pairs, kept as Secrets of type `bootstrap.kubernetes.io/token` in kube-system,
 * with which a machine that has no certificate yet asks for one. They grant nothing else.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
import { timingSafeEqual } from "node:crypto";
import { type ObjectMeta, type Ref, StatusError } from "../schema/mod.ts";
import { bearerOf } from "./bearer.ts";
import type { Authenticator, User } from "./user.ts";

export interface BootstrapToken {
  /** `[a-z0-9]{6}`; not secret. */
  readonly id: string;
  /** `[a-z0-9]{16}` */
  readonly secret: string;
}

export interface BootstrapSecret {
  readonly metadata?: ObjectMeta;
  readonly type?: string;
  /** base64 */
  readonly data?: Record<string, string>;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
const pattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
export const bootstrapSecretType = "bootstrap.kubernetes.io/token";
export const bootstrapGroup = "system:bootstrappers";

export function newBootstrapToken(): BootstrapToken {
  const pick = (length: number) => {
    let text = "";
    // 252 is the largest multiple of 36 in a byte: what is above it would favour the first letters.
    while (text.length < length) {
      const [byte = 255] = crypto.getRandomValues(new Uint8Array(1));
      if (byte < 252) text += alphabet[byte % 36];
    }
    return text;
  };
  return { id: pick(6), secret: pick(16) };
}

export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const [, id, secret] = pattern.exec(text) ?? [];
  return id && secret ? { id, secret } : undefined;
}

export function bootstrapSecretRef(id: string): Ref {
  return { namespace: "kube-system", name: `bootstrap-token-${id}` };
}

/** The Secret that makes a token valid until `expiresMs`. */
export function bootstrapSecret(token: BootstrapToken, options: { expiresMs?: number; description: string }) {
  const { expiresMs, description } = options;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: bootstrapSecretRef(token.id),
    type: bootstrapSecretType,
    stringData: {
      "token-id": token.id,
      "token-secret": token.secret,
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      description,
      ...(expiresMs !== undefined && { expiration: new Date(expiresMs).toISOString().replace(/\.\d+Z$/, "Z") }),
    },
  };
}

export function bootstrapTokens(
  lookup: (ref: Ref) => Promise<BootstrapSecret | undefined>,
  now: () => number = Date.now,
): Authenticator {
  return async ({ authorization }) => {
    const token = parseBootstrapToken(bearerOf(authorization) ?? "");
    if (!token) return undefined;
    const secret = await lookup(bootstrapSecretRef(token.id));
    const refusal = refuseToken(token, secret, now());
    if (refusal) throw new StatusError("Unauthorized", "Unauthorized", {}, { cause: new Error(refusal) });
    return userOf(token, field(secret, "auth-extra-groups"));
  };
}

/** Why a token does not count, or nothing. */
export function refuseToken(token: BootstrapToken, secret: BootstrapSecret | undefined, nowMs: number) {
  if (!secret || secret.metadata?.deletionTimestamp) return `bootstrap token ${token.id} does not exist`;
  if (secret.type !== bootstrapSecretType) return `Secret of bootstrap token ${token.id} is of another type`;
  if (field(secret, "token-id") !== token.id) return `Secret of bootstrap token ${token.id} is for another id`;
  if (!sameText(field(secret, "token-secret"), token.secret)) return `bootstrap token ${token.id} has another secret`;
  if (field(secret, "usage-bootstrap-authentication") !== "true") return `bootstrap token ${token.id} is not for this`;
  const expiration = field(secret, "expiration");
  if (expiration && !(Date.parse(expiration) > nowMs)) return `bootstrap token ${token.id} has expired`;
  return undefined;
}

function userOf({ id }: BootstrapToken, extraGroups: string): User {
  const extra = extraGroups.split(",").filter((group) => group.startsWith(`${bootstrapGroup}:`));
  return { name: `system:bootstrap:${id}`, groups: [bootstrapGroup, ...extra, "system:authenticated"] };
}

function field(secret: BootstrapSecret | undefined, name: string): string {
  try {
    return atob(secret?.data?.[name] ?? "");
  } catch {
    return "";
  }
}

/** Takes as long for a near miss as for a far one. */
function sameText(left: string, right: string): boolean {
  const [a, b] = [left, right].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  return a.length === b.length && timingSafeEqual(a, b);
}
