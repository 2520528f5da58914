/** One question to one webhook over HTTPS, within its time. */
import { isIP } from "node:net";
import type { Json } from "../../../schema/mod.ts";
import { httpsCall } from "../../aggregation/https_call.ts";
import type { KeptConnections } from "../../aggregation/kept_connections.ts";
import { type ServiceTarget, serviceTarget } from "../../aggregation/service_target.ts";
import type { ClusterView } from "../admission.ts";
import type { ClientConfig } from "./webhook.ts";

/** Bytes. An object and its patch are smaller; whoever answers with more wants our memory. */
const answerLimit = 3 * 1024 * 1024;
const usualSeconds = 10;

export interface WebhookCall {
  readonly clientConfig: ClientConfig;
  readonly timeoutSeconds?: number;
  readonly review: Json;
  /** In [0, 1). */
  readonly random: number;
  /** Absent: a connection of its own. */
  readonly connections?: KeptConnections;
}

/** The answer's body. Rejects with upstream's words: `failed to call webhook: Post "URL": why`. */
export async function callWebhook(call: WebhookCall, view: ClusterView): Promise<string> {
  const seconds = call.timeoutSeconds ?? usualSeconds;
  const url = urlOf(call.clientConfig, seconds);
  const failed = (why: string, cause?: unknown) =>
    new Error(`failed to call webhook: Post ${JSON.stringify(url.href)}: ${why}`, { cause });
  const answer = await answerOf(call, url, AbortSignal.timeout(seconds * 1000), view).catch((error) => {
    throw failed(reasonOf(error), error);
  });
  if (answer.code !== 200) throw new Error(`failed to call webhook: ${refusalOf(answer.code, answer.text)}`);
  return answer.text;
}

/** A function, so that what is thrown on the way there rejects as well. */
async function answerOf(
  { clientConfig, review, random, connections }: WebhookCall,
  url: URL,
  signal: AbortSignal,
  view: ClusterView,
) {
  const { service, caBundle } = clientConfig;
  const target = service ? serviceTarget(view, service, random) : urlTarget(url);
  const ca = caBundle ? new TextDecoder().decode(Uint8Array.fromBase64(caBundle)) : undefined;
  const path = url.pathname + url.search;
  return await httpsCall({
    ...target,
    ca,
    signal,
    method: "POST",
    path,
    host: url.host,
    body: review,
    limit: answerLimit,
    kept: connections && { agent: connections, place: url.host },
  });
}

function urlOf({ url, service }: ClientConfig, seconds: number): URL {
  const { namespace, name, port = 443, path = "" } = service ?? { namespace: "", name: "" };
  const made = new URL(url ?? `https://${name}.${namespace}.svc:${port}/${path.replace(/^\//, "")}`);
  made.searchParams.set("timeout", `${seconds}s`);
  return made;
}

function urlTarget({ hostname, port }: URL): ServiceTarget {
  const host = hostname.replace(/^\[|\]$/g, "");
  return { addresses: [{ host, port: Number(port || 443) }], serverName: isIP(host) ? "" : host };
}

function reasonOf(error: unknown): string {
  if ((error as Error)?.name === "TimeoutError") return "context deadline exceeded";
  return error instanceof Error ? error.message : String(error);
}

function refusalOf(code: number, text: string): string {
  const said = text.trim().slice(0, 1024);
  return said
    ? `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
    : `status ${code}`;
}
