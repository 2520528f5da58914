/** What `/readyz` and `/livez` of the API server check, under upstream's names. */
import type { WatchCache } from "./cache/mod.ts";
import type { Encryption } from "./http/encryption_answer.ts";
import type { HealthCheck } from "./http/health.ts";

export function apiChecks(cache: WatchCache, encryption?: Encryption): HealthCheck[] {
  const store = async () => {
    await cache.fresh();
    return undefined;
  };
  return [
    { name: "ping", check: () => undefined },
    { name: "log", check: () => undefined },
    { name: "etcd", check: store, unlessLive: true },
    { name: "informer-sync", check: store, unlessLive: true },
    ...(encryption ? [{ name: "kms-providers", check: () => encryption.trouble(), unlessLive: true }] : []),
  ];
}

/** What is not well, one line each; empty: ready. */
export async function troubles(checks: readonly HealthCheck[]): Promise<string[]> {
  const found = await Promise.all(checks.map(async ({ name, check }) => [name, await check()] as const));
  return found.filter(([, trouble]) => trouble !== undefined).map(([name, trouble]) => `${name}: ${trouble}`);
}
