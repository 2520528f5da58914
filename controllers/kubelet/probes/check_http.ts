/**
 * An HTTP probe: 2xx is well. Redirects are followed on the same host; one that leads to another host is well too, with a
 * warning, because who is there was not asked for. Certificates aren't checked: the pod is asked, not a name.
 *
 * Source: Kubernetes docs, "Configure Liveness, Readiness and Startup Probes", "HTTP probes".
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { CheckResult } from "./check_result.ts";

export interface HttpTarget {
  readonly url: URL;
  readonly headers: readonly { readonly name: string; readonly value?: string }[];
}

const maxRedirects = 10;
const maxBodyBytes = 10 * 1024;

export async function checkHttp(target: HttpTarget, timeoutMs: number): Promise<CheckResult> {
  const signal = AbortSignal.timeout(timeoutMs);
  let { url } = target;
  try {
    for (let followed = 0; followed <= maxRedirects; followed++) {
      const response = await answer({ url, headers: target.headers }, signal);
      const next = redirectOf(response, url);
      if (next?.hostname !== target.url.hostname) return await judge(response);
      response.destroy();
      url = next;
    }
    throw new Error(`stopped after ${maxRedirects} redirects`);
  } catch (error) {
    return { ok: false, message: `Get "${url}": ${wordsOf(error as Error, addressOf(url))}` };
  }
}

function answer({ url, headers }: HttpTarget, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { headers: headersOf(headers), agent: false, rejectUnauthorized: false, signal };
    const request = (url.protocol === "https:" ? https : http).request(url, options, resolve);
    request.on("error", reject);
    request.end();
  });
}

/** One that is named twice is sent twice; an empty `Accept` or `User-Agent` is not sent at all. */
function headersOf(given: HttpTarget["headers"]): Record<string, string | string[]> {
  const headers: Record<string, string[]> = { connection: ["close"] };
  for (const { name, value = "" } of given) (headers[name.toLowerCase()] ??= []).push(value);
  headers["user-agent"] ??= ["kube-probe/1.36"];
  headers.accept ??= ["*/*"];
  for (const name of ["user-agent", "accept"]) if (headers[name]?.join("") === "") delete headers[name];
  // A host or a connection is one only.
  return Object.fromEntries(Object.entries(headers).map(([name, all]) => [name, all.length === 1 ? all[0]! : all]));
}

const redirects = new Set([301, 302, 303, 307, 308]);

function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  return redirects.has(statusCode) && headers.location ? new URL(headers.location, from) : undefined;
}

async function judge(response: IncomingMessage): Promise<CheckResult> {
  const { statusCode = 0 } = response;
  if (statusCode >= 300 && statusCode < 400) {
    return { ok: true, warning: `Probe terminated redirects, Response body: ${await bodyOf(response)}` };
  }
  response.destroy();
  if (statusCode >= 200 && statusCode < 300) return { ok: true };
  return { ok: false, message: `HTTP probe failed with statuscode: ${statusCode}` };
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= maxBodyBytes) break;
  }
  return text.slice(0, maxBodyBytes);
}

function addressOf({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** In the words that people know from other nodes. */
function wordsOf(error: Error & { code?: string }, address: string): string {
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
  }
  if (error.code === "ECONNREFUSED") return `dial tcp ${address}: connect: connection refused`;
  return error.message;
}
