/**
 * The kubelet's HTTPS server: what the API server asks a node for. Nobody is answered who may not ask; what isn't known is a
 * plain 404, what is asked wrongly a 400 with the reason.
 */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { defaults, type KubeletServerOptions } from "../options.ts";
import type { Agent } from "../sync/agent.ts";
import { refuse } from "./access.ts";
import { delegatedAuthenticator, delegatedAuthorizer } from "./delegated_access.ts";
import { RequestError } from "./request_error.ts";
import { answer } from "./routes.ts";
import { upgrade } from "./stream/upgrade.ts";

export interface KubeletServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startServer(agent: Agent, given: KubeletServerOptions): Promise<KubeletServer> {
  const { client } = agent.context;
  const options = {
    ...given,
    authenticate: delegatedAuthenticator(client, given.authenticate),
    authorize: delegatedAuthorizer(client, given.authorize),
  };
  const { hostname = "0.0.0.0", port = defaults.port, key, cert, clientCa } = options;
  const tls = {
    key,
    cert,
    ca: [clientCa],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2" as const,
  };
  const server = createServer(tls, (request, response) => void handle(agent, options, { request, response }));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    handleUpgrade(agent, options, { request, socket, head });
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function handle(agent: Agent, options: KubeletServerOptions, { request, response }: Exchange): Promise<void> {
  try {
    const refusal = await refuse(request, agent.options.nodeName, options);
    if (refusal) throw new RequestError(refusal.status, refusal.message);
    await answer(agent, request, response);
  } catch (error) {
    const { status, message } = problemOf(error);
    if (response.headersSent) return void response.destroy();
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    response.end(`${message}\n`);
  }
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Uint8Array;
}

async function handleUpgrade(
  agent: Agent,
  options: KubeletServerOptions,
  { request, socket, head }: Upgrade,
): Promise<void> {
  socket.on("error", () => socket.destroy());
  try {
    const refusal = await refuse(request, agent.options.nodeName, options);
    if (refusal) throw new RequestError(refusal.status, refusal.message);
    await upgrade(agent, { request, socket, head });
  } catch (error) {
    const { status, message } = problemOf(error);
    const body = new TextEncoder().encode(`${message}\n`);
    socket.end(
      `HTTP/1.1 ${status} ${message.replaceAll(/[\r\n]/g, " ")}\r\nContent-Type: text/plain\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${message}\n`,
    );
  }
}

function problemOf(error: unknown): { status: number; message: string } {
  if (error instanceof RequestError) return error;
  if (error instanceof URIError) return { status: 400, message: "the path is no UTF-8" };
  return { status: 500, message: error instanceof Error ? error.message : String(error) };
}
