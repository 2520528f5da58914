/**
 * Which headers of a client go on to a destination: all but those that are between the client and us.
 *
 * Law: the client's credentials never leave the API server, in whatever header they came.
 */
import type { Destination } from "./destination.ts";

const ours = new Set(["host", "authorization", "connection", "keep-alive", "proxy-authorization", "transfer-encoding"]);
const socketProtocols = "sec-websocket-protocol";
/** Browsers cannot set headers on WebSockets, so tokens may come as a subprotocol. */
const bearerProtocol = "base64url.bearer.authorization.k8s.io.";

/** `connection`: what the `Connection` header says to the destination. */
export function forwardedHeaders(
  headers: Iterable<readonly [string, string]>,
  { host, headers: told = [] }: Pick<Destination, "host" | "headers">,
  connection: string,
): [string, string][] {
  const replaced = new Set(told.map(([name]) => name));
  const kept: [string, string][] = [["host", host], ["connection", connection]];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (ours.has(lower) || replaced.has(lower) || lower.startsWith("impersonate-") || lower.startsWith("x-remote-")) {
      continue;
    }
    kept.push([name, lower === socketProtocols ? withoutToken(value) : value]);
  }
  return [...kept, ...told.map(([name, value]): [string, string] => [name, value])];
}

function withoutToken(protocols: string): string {
  return protocols.split(",").map((text) => text.trim()).filter((text) => !text.startsWith(bearerProtocol)).join(", ");
}
