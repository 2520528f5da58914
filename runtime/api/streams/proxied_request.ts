/** What a proxied request tells the far side: under which name it was asked for, from where, and for which page. */
import type { Connection } from "../connection.ts";
import type { Destination } from "./destination.ts";

export interface Asked {
  /** The API server's, as the client calls it: WebSocket servers compare it with the page's origin. */
  readonly host: string;
  /** What proxies before this one say. */
  readonly forwardedFor: string | null;
  readonly connection: Connection;
  /** Path of the page here; upgrades are not told it. */
  readonly uri?: string;
}

export function proxiedRequest(
  destination: Destination,
  { host, forwardedFor, connection: { remoteAddress }, uri }: Asked,
): Destination {
  const before = [forwardedFor, remoteAddress].filter((one) => one);
  const headers: [string, string][] = [...destination.headers ?? []].map(([name, value]) => [name, value]);
  if (before.length > 0) headers.push(["x-forwarded-for", before.join(", ")]);
  if (uri) headers.push(["x-forwarded-uri", uri]);
  return { ...destination, host, headers };
}
