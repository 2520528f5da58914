/**
 * The keys that an issuer signs with, found by its discovery document (OpenID Connect Discovery 1.0, 4): asked for when the
 * first token comes, and again when a token names a key that is not among them, because issuers rotate theirs.
 *
 * Law: tokens that name keys at random cost the issuer at most one question in `calmMs`.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { httpsJson } from "../https_json.ts";
import type { JwtConfiguration } from "./configuration.ts";

const calmMs = 10_000;
const timeoutMs = 10_000;

export function issuerKeys({ issuer }: JwtConfiguration, now: () => number): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined;
  let askedMs = -Infinity;
  const ask = () => {
    askedMs = now();
    const asked = fetchKeys(issuer);
    found = asked;
    // What failed is asked again with the next token; who sends it waits no longer than the others.
    asked.catch(() => found === asked && (found = undefined));
    return asked;
  };
  return async (header, token) => {
    try {
      return await (await (found ?? ask()))(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || now() - askedMs < calmMs) throw error;
      return await (await ask())(header, token);
    }
  };
}

async function fetchKeys(issuer: JwtConfiguration["issuer"]): Promise<JWTVerifyGetKey> {
  const { url, discoveryURL, certificateAuthority: ca } = issuer;
  const discovery = discoveryURL || `${url.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const get = (from: string) => httpsJson({ url: from, ca, timeoutMs });
  const { issuer: named, jwks_uri: keys } = await get(discovery) as { issuer?: string; jwks_uri?: string };
  if (named !== url) throw new Error(`issuer did not match: ${url} expected, ${discovery} says ${named}`);
  if (!keys?.startsWith("https://")) throw new Error(`${discovery} names no jwks_uri with https`);
  return createLocalJWKSet(await get(keys) as JSONWebKeySet);
}
