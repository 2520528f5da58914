/** An API server that strangers' requests are thrown at, byte for byte, as its admin: so each reaches the deepest code. */
import assert from "node:assert/strict";
import { Agent, request } from "node:https";
import { type ApiServer, apiServer } from "../support/api_server.ts";

export interface HostileRequest {
  readonly method?: string;
  /** As it stands on the request line. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Target extends AsyncDisposable {
  readonly server: ApiServer;
  /** Fails when the answer blames the server (5xx), is no Status where it refuses, or never comes. */
  send(hostile: HostileRequest): Promise<{ readonly status: number; readonly text: string }>;
}

/** What a server may say that means it did nothing wrong: not implemented, and its backends away. */
const innocent = new Set([501, 503, 504]);

/** Kubernetes itself takes these mistakes of its callers for its own. */
const upstreams = /"message":"(resourceVersion: Invalid value|failed to create typed patch object)/;

/** Hangs are found, not slowness: nothing here takes a second. */
const hangMs = 60_000;

export async function target(): Promise<Target> {
  const server = await apiServer();
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ca: server.ca, ...server.admin });
  return {
    server,
    async send(hostile) {
      const answer = await exchange(server.url, agent, hostile);
      const said = () => `${hostile.method ?? "GET"} ${hostile.path}: ${answer.status} ${answer.text.slice(0, 500)}`;
      assert.ok(answer.status < 500 || innocent.has(answer.status) || upstreams.test(answer.text), said());
      if (answer.status >= 400 && answer.text.startsWith("{")) {
        const { kind, code, message } = JSON.parse(answer.text);
        assert.deepEqual([kind, code, typeof message], ["Status", answer.status, "string"], said());
      }
      return answer;
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

function exchange(url: string, agent: Agent, { method = "GET", path, headers, body }: HostileRequest) {
  const { hostname, port } = new URL(url);
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, agent, timeout: hangMs }, (answer) => {
      const chunks: string[] = [];
      const end = () => resolve({ status: answer.statusCode ?? 0, text: chunks.join("") });
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        chunks.push(chunk);
        // A watch goes on for ever; its beginning is enough.
        if (/[?&]watch=/.test(path)) {
          end();
          answer.destroy();
        }
      }).on("end", end).on("error", reject);
      if (/[?&]watch=/.test(path) && answer.statusCode === 200) {
        end();
        answer.destroy();
      }
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${method} ${path} hangs`))).on("error", reject);
    if (body !== undefined) outgoing.write(body);
    outgoing.end();
  });
}
