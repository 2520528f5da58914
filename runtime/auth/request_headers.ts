/**
 * Request-header authentication: a front proxy (the aggregation layer of an API server) has proved who asks, and says so in
 * headers. It is believed by its certificate alone; from everybody else these headers mean nothing.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy
 */
import type { Authenticator } from "./user.ts";

const extraPrefix = "x-remote-extra-";

/** `allowedNames`: common names of certificates that may speak for others; empty: every one of the proxies' authority. */
export function requestHeaders({ allowedNames }: { readonly allowedNames: readonly string[] }): Authenticator {
  return ({ certificate, headers = [] }) => {
    if (certificate?.authority !== "front-proxy") return Promise.resolve(undefined);
    if (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName)) return Promise.resolve(undefined);
    const lines = [...headers].map(([name, value]) => [name.toLowerCase(), value] as const);
    const valuesOf = (wanted: string) => lines.filter(([name]) => name === wanted).map(([, value]) => value);
    const [name] = valuesOf("x-remote-user");
    if (!name) return Promise.resolve(undefined);
    const [uid] = valuesOf("x-remote-uid");
    const extra: Record<string, string[]> = {};
    for (const [header, value] of lines) {
      if (header.startsWith(extraPrefix)) (extra[unescaped(header.slice(extraPrefix.length))] ??= []).push(value);
    }
    const groups = [...new Set([...valuesOf("x-remote-group"), "system:authenticated"])];
    return Promise.resolve({ name, ...(uid && { uid }), groups, ...(Object.keys(extra).length > 0 && { extra }) });
  };
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
