/**
 * An upgrade request, tunnelled byte for byte: whatever protocol the two ends agree on (SPDY/3.1, WebSocket), the API
 * server only carries it.
 *
 * Laws: no byte is lost before, during or after the upgrade; when one end closes, the other is closed.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Destination } from "./destination.ts";
import { forwardedHeaders } from "./forwarded_headers.ts";
import type { Upgrade } from "./upgrade.ts";

/** Resolves when both ends are closed. `opened`: told when there is another end. */
export async function tunnel(
  { incoming, socket, head }: Upgrade,
  destination: Destination,
  opened: () => void,
): Promise<void> {
  const backend = await destination.connect();
  opened();
  backend.write(requestText(incoming, destination));
  if (head.length > 0) socket.unshift(head);
  await Promise.all([carry(socket, backend), carry(backend, socket)]);
}

function requestText({ method, rawHeaders }: IncomingMessage, destination: Destination): string {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) pairs.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  const lines = forwardedHeaders(pairs, destination, "Upgrade").map(([name, value]) => `${name}: ${value}`);
  return `${method} ${destination.path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** Until `from` ends; an error of one side ends both. */
function carry(from: Duplex, to: Duplex): Promise<void> {
  return new Promise((resolve) => {
    from.pipe(to);
    from.once("error", () => to.destroy());
    from.once("close", () => {
      to.end();
      // What it still says is for nobody; unread, it would keep the other end from closing.
      to.unpipe(from);
      to.resume();
      resolve();
    });
  });
}
