/**
 * ServiceAccount tokens: signed JWTs (RFC 7519, ES256) that name a ServiceAccount and may be bound to a Pod, a Secret or a
 * Node (KEP-1205, KEP-4193). The signature proves who made a token; whether it still holds is asked anew at each use: the
 * account, and the object that it is bound to, must exist with the same uid.
 *
 * Verified signatures are remembered (bounded), because a verification costs 0.7 ms and a pod shows its token with
 * every request.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeProtectedHeader,
  exportJWK,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import { type ObjectMeta, type Ref, StatusError } from "../schema/mod.ts";
import { isNewlyUsed, type TokenSecret, tokenSecretFault } from "./token_secret.ts";
import type { User } from "./user.ts";

/** What a token can be bound to, and the account itself. */
export type BoundKind = "ServiceAccount" | "Pod" | "Secret" | "Node";

/** The present state of an object; answered from a cache, because it is asked with every request. */
export type BoundLookup = (kind: BoundKind, ref: Ref) => Promise<BoundObject | undefined>;

export interface BoundObject extends TokenSecret {
  readonly metadata?: ObjectMeta;
}

/** authentication.k8s.io/v1 TokenRequest, resolved: the API server has looked up the account and the bound object. */
export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  /** Empty or absent: the API server's own audience. */
  readonly audiences?: readonly string[];
  /** At least 600; default 3600. */
  readonly expirationSeconds?: number;
  readonly bound?: { readonly kind: "Pod" | "Secret" | "Node"; readonly name: string; readonly uid: string };
  /** The node of the bound pod; recorded, not checked. */
  readonly node?: { readonly name: string; readonly uid: string };
}

export interface TokenIssuer {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** What a token is for when the request names no audience, and what the API server accepts. */
  readonly audiences: readonly string[];
  /** Throws `Invalid` for a lifetime out of bounds. `expirationTimestamp` is RFC 3339. */
  issue(request: TokenRequest): Promise<{ token: string; expirationTimestamp: string }>;
  /** Throws `Unauthorized`; `audiences` are those that both the token and the caller name. */
  verify(token: string, audiences?: readonly string[]): Promise<{ user: User; audiences: readonly string[] }>;
  /** RFC 7517 key set for `/openid/v1/jwks`: the key that signs, then those that did. */
  keySet(): Promise<{ keys: JWK[] }>;
  /** From now on these keys count, and no others. */
  use(keys: TokenKeys): void;
}

export interface TokenKeys {
  /** EC P-256, PKCS#8 PEM. */
  readonly signing: string;
  /** Public PEM of keys that signed before, whose tokens still count. */
  readonly retired: readonly string[];
}

export interface TokenIssuerOptions {
  /** EC P-256, PKCS#8 PEM. */
  readonly key: string;
  readonly lookup: BoundLookup;
  readonly issuer?: string;
  readonly now?: () => number;
  /** A token out of a Secret counted, for the first time on this day (`2026-01-31`). */
  readonly secretUsed?: (ref: Ref, day: string) => void;
}

interface NamedUid {
  readonly name: string;
  readonly uid: string;
}

/** The private claim `kubernetes.io`. */
interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: NamedUid;
  readonly pod?: NamedUid;
  readonly secret?: NamedUid;
  readonly node?: NamedUid;
}

interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly jti: string;
  readonly "kubernetes.io": KubernetesClaims;
}

export const defaultIssuer = "https://kubernetes.default.svc.cluster.local";
const rememberedTokens = 4096;
const shortestSeconds = 600;
const longestSeconds = 2 ** 32;

export function tokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { issuer = defaultIssuer, lookup, now = Date.now } = options;
  const audiences = [issuer];
  const verified = new Map<string, Claims>();
  let noted = { day: "", uses: new Set<string>() };
  let ring = keyRing({ signing: options.key, retired: [] });

  async function claimsOf(token: string): Promise<Claims> {
    const known = verified.get(token);
    if (known) return known;
    const { keys } = await ring;
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), {
      issuer,
      algorithms: ["ES256"],
      requiredClaims: ["exp", "aud", "sub", "kubernetes.io"],
      currentDate: new Date(now()),
    });
    const claims = { ...payload, aud: [payload.aud ?? []].flat() } as unknown as Claims;
    if (verified.size >= rememberedTokens) verified.delete(verified.keys().next().value!);
    verified.set(token, claims);
    return claims;
  }

  /** Everything that the token names is there still. */
  async function checkBound(claims: KubernetesClaims): Promise<void> {
    const lost = await firstLost(claims, lookup, now());
    if (lost) throw unauthorized(lost);
    if (!claims.secret) return;
    const ref = { namespace: claims.namespace, name: claims.secret.name };
    const secret = await lookup("Secret", ref);
    const fault = secret && tokenSecretFault(ref, claims.serviceaccount.name, secret);
    if (fault) throw unauthorized(fault);
    if (secret) noteUse(ref, secret);
  }

  /** Once a day and Secret, also before the label is there. */
  function noteUse(ref: Ref, secret: BoundObject): void {
    const day = new Date(now()).toISOString().slice(0, 10);
    const use = `${ref.namespace}/${ref.name}`;
    if (noted.day !== day) noted = { day, uses: new Set() };
    if (noted.uses.has(use) || !isNewlyUsed(secret, day)) return;
    noted.uses.add(use);
    options.secretUsed?.(ref, day);
  }

  return {
    issuer,
    audiences,
    async issue(request) {
      const seconds = checkedLifetime(request.expirationSeconds ?? 3600);
      const issuedAt = Math.floor(now() / 1000);
      const { namespace, serviceAccount } = request;
      const { privateKey, keys: [{ kid } = {}] } = await ring;
      const token = await new SignJWT({ "kubernetes.io": privateClaims(request) })
        .setProtectedHeader({ alg: "ES256", kid })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${namespace}:${serviceAccount.name}`)
        .setAudience(request.audiences?.length ? [...request.audiences] : audiences)
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(issuedAt + seconds)
        .setJti(crypto.randomUUID())
        .sign(privateKey);
      const expirationTimestamp = new Date((issuedAt + seconds) * 1000).toISOString().replace(".000Z", "Z");
      return { token, expirationTimestamp };
    },
    async verify(token, wanted = audiences) {
      const claims = await claimsOf(token).catch((cause) => Promise.reject(unauthorized("token is not valid", cause)));
      if (claims.exp * 1000 <= now()) throw unauthorized("token has expired");
      const shared = claims.aud.filter((audience) => wanted.includes(audience));
      if (shared.length === 0) throw unauthorized(`token audiences ${JSON.stringify(claims.aud)} are for others`);
      await checkBound(claims["kubernetes.io"]);
      return { user: userOf(claims), audiences: shared };
    },
    keySet: async () => ({ keys: (await ring).keys }),
    use(keys) {
      ring = keyRing(keys);
      verified.clear();
    },
  };
}

interface KeyRing {
  readonly privateKey: KeyObject;
  /** Public; the first belongs to `privateKey`. */
  readonly keys: JWK[];
}

async function keyRing({ signing, retired }: TokenKeys): Promise<KeyRing> {
  const keys = new Map<string, JWK>();
  for (const pem of [signing, ...retired]) {
    const jwk = await exportJWK(createPublicKey(pem));
    const kid = await calculateJwkThumbprint(jwk);
    keys.set(kid, { ...jwk, use: "sig", alg: "ES256", kid });
  }
  return { privateKey: createPrivateKey(signing), keys: [...keys.values()] };
}

/** Whether a token carries the signature of another key than this one (PKCS#8 PEM). What is no token is nobody's. */
export async function isSignedByAnother(token: string, key: string): Promise<boolean> {
  try {
    const { kid } = decodeProtectedHeader(token);
    return kid !== await calculateJwkThumbprint(await exportJWK(createPublicKey(key)));
  } catch {
    return false;
  }
}

/** Whether a bearer token claims to be from this issuer; says nothing about whether it is. */
export function claimsIssuer(token: string, issuer: string): boolean {
  const [, body, signature] = token.split(".");
  if (!body || !signature) return false;
  try {
    return JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/"))).iss === issuer;
  } catch {
    return false;
  }
}

function checkedLifetime(seconds: number): number {
  const refuse = (message: string) => {
    const field = "spec.expirationSeconds";
    const text = `${field}: Invalid value: ${seconds}: ${message}`;
    const causes = [{ reason: "FieldValueInvalid", message: `Invalid value: ${seconds}: ${message}`, field }];
    const details = { group: "authentication.k8s.io", kind: "TokenRequest", causes };
    return new StatusError("Invalid", `TokenRequest.authentication.k8s.io "" is invalid: ${text}`, details);
  };
  if (!(seconds >= shortestSeconds)) throw refuse("may not specify a duration less than 10 minutes");
  if (seconds > longestSeconds) throw refuse("may not specify a duration larger than 2^32 seconds");
  return Math.floor(seconds);
}

function privateClaims({ namespace, serviceAccount, bound, node }: TokenRequest): KubernetesClaims {
  const { name, uid } = serviceAccount;
  return {
    namespace,
    serviceaccount: { name, uid },
    ...(bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
    ...(node && bound?.kind === "Pod" && { node: { name: node.name, uid: node.uid } }),
  };
}

/** The reason why a token no longer holds, if there is one. */
async function firstLost(claims: KubernetesClaims, lookup: BoundLookup, nowMs: number): Promise<string | undefined> {
  const { namespace, serviceaccount, pod, secret, node } = claims;
  const needed: [BoundKind, NamedUid | undefined, string | undefined][] = [
    ["ServiceAccount", serviceaccount, namespace],
    ["Pod", pod, namespace],
    ["Secret", secret, namespace],
    ["Node", pod ? undefined : node, undefined], // beside a pod, the node is information only (KEP-4193)
  ];
  for (const [kind, wanted, space] of needed) {
    if (!wanted) continue;
    const found = await lookup(kind, space ? { namespace: space, name: wanted.name } : { name: wanted.name });
    if (!found?.metadata) return `${kind} ${wanted.name} of the token has been deleted`;
    if (found.metadata.uid !== wanted.uid) return `${kind} ${wanted.name} of the token has been replaced`;
    if (isGone(found.metadata, nowMs)) return `${kind} ${wanted.name} of the token is being deleted`;
  }
  return undefined;
}

/** A pod that ends may use its token during its grace period and for a minute more, as upstream lets it. */
function isGone({ deletionTimestamp }: ObjectMeta, nowMs: number): boolean {
  return deletionTimestamp !== undefined && Date.parse(deletionTimestamp) + 60_000 < nowMs;
}

function userOf({ jti, exp, "kubernetes.io": claims }: Claims): User {
  const { namespace, serviceaccount, pod, secret, node } = claims;
  const bound = [serviceaccount, pod, secret, pod ? undefined : node];
  const prefix = "authentication.kubernetes.io";
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    extra: {
      [`${prefix}/credential-id`]: [`JTI=${jti}`],
      ...(node && { [`${prefix}/node-name`]: [node.name], [`${prefix}/node-uid`]: [node.uid] }),
      ...(pod && { [`${prefix}/pod-name`]: [pod.name], [`${prefix}/pod-uid`]: [pod.uid] }),
    },
    proof: { expiresMs: exp * 1000, uids: bound.flatMap((one) => one ? [one.uid] : []) },
  };
}

function unauthorized(why: string, cause?: unknown): StatusError {
  return new StatusError("Unauthorized", "Unauthorized", {}, { cause: new Error(why, { cause }) });
}
