/**
 * The API on a socket: HTTP/1.1 over TLS with node:https, client certificates wanted but not demanded.
 * Which of them count is `auth/peer_certificate.ts`'s to say.
 */
import { X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { getRequestListener } from "@hono/node-server";
import { peerCertificate } from "../auth/peer_certificate.ts";
import { badRequest } from "./objects/refusals.ts";
import type { Api } from "./api.ts";
import type { Connection } from "./connection.ts";

export interface ServeOptions {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  readonly clientCa: string;
  /** Signs the certificates of front proxies, which say in headers who asks. */
  readonly frontProxyCa?: string;
}

export interface Served {
  readonly port: number;
  /** Connections from now on are shown this certificate. */
  renew(pair: { readonly key: string; readonly cert: string }): void;
  /** Stops accepting, waits for running requests up to `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** Rejects when the port cannot be had. */
export async function serveApi(api: Api, options: ServeOptions): Promise<Served> {
  const { hostname, port, key, cert, clientCa, frontProxyCa } = options;
  const frontProxy = frontProxyCa ? new X509Certificate(frontProxyCa) : undefined;
  const ca = [clientCa, ...(frontProxyCa ? [frontProxyCa] : [])];
  const listener = getRequestListener(
    (request, env) => {
      const { incoming, outgoing } = env as unknown as { incoming: IncomingMessage; outgoing: ServerResponse };
      return api.fetch(request, connectionOf(incoming, outgoing, frontProxy));
    },
    { overrideGlobalObjects: true },
  );
  const server = createServer(
    { key, cert, ca, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2" },
    listener,
  );
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    void api.upgrade({ incoming, socket, head }, connectionOf(incoming, undefined, frontProxy));
  });
  server.on("clientError", refuseMalformed);
  // client-go keeps idle connections for 90 s; a server that closes first makes it retry.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.timeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    renew: (pair) => server.setSecureContext({ ...pair, ca, minVersion: "TLSv1.2" }),
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        // A connection that was taken over (exec) may stay counted when it has long been closed.
        const over = setTimeout(resolve, graceMs + lastWordsMs);
        server.close(() => {
          for (const timer of [cut, over]) clearTimeout(timer);
          resolve();
        });
        api.endWatches();
        server.closeIdleConnections();
      }),
  };
}

/** The parser gave up: a verb that HTTP does not know, a broken header. Without an answer a client would see a cut line. */
function refuseMalformed(_error: Error, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(badRequest("the request is malformed, or its method is not one of HTTP's").toStatus());
  const lines = ["HTTP/1.1 400 Bad Request", "Content-Type: application/json", `Content-Length: ${body.length}`];
  socket.end(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`);
}

/** A proxy in front may have named the request already. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers["audit-id"];
  return typeof given === "string" && /^[\w-]{1,64}$/.test(given) ? given : crypto.randomUUID();
}

/** For answers that were cut, to be through with what they do. */
const lastWordsMs = 1000;

const certificates = new WeakMap<object, Connection["certificate"] | null>();

export function connectionOf(
  incoming: IncomingMessage,
  outgoing?: ServerResponse,
  frontProxyCa?: X509Certificate,
): Connection {
  const socket = incoming.socket as TLSSocket;
  let certificate = certificates.get(socket);
  if (certificate === undefined) {
    certificate = peerCertificate(socket, frontProxyCa) ?? null;
    certificates.set(socket, certificate);
  }
  const requestId = requestIdOf(incoming);
  outgoing?.setHeader("audit-id", requestId);
  const asked = { certificate: certificate ?? undefined, remoteAddress: socket.remoteAddress, requestId, incoming };
  // Hono takes the body off an answer to HEAD: nobody may have begun to write it.
  return incoming.method === "HEAD" ? asked : { ...asked, outgoing };
}
