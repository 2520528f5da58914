/** Extenders of a configuration as programs that can be asked: over HTTP, or over TLS with the keys of their files. */
import { durationMs } from "../../../runtime/auth/structured/duration.ts";
import { httpsJson } from "../../../runtime/auth/https_json.ts";
import type { ExtenderDocument } from "../configuration/document.ts";
import type { Extender } from "./extender.ts";

/** Lists of a large cluster's nodes come back whole. */
const answerLimit = 64 * 1024 * 1024;

/** Throws when a file of keys cannot be read. */
export async function connected(document: ExtenderDocument): Promise<Extender> {
  const tls = await tlsOf(document);
  const timeoutMs = durationMs(document.httpTimeout)!;
  return {
    settings: document,
    post: (url, body) => httpsJson({ url, body, timeoutMs, answerLimit, plain: url.startsWith("http:"), ...tls }),
  };
}

async function tlsOf({ tlsConfig, enableHTTPS }: ExtenderDocument) {
  const { caFile, caData, certFile, certData, keyFile, keyData, insecure = false, serverName } = tlsConfig ?? {};
  const [ca, cert, key] = await Promise.all([pem(caData, caFile), pem(certData, certFile), pem(keyData, keyFile)]);
  // As upstream has it: TLS that is asked for without an authority to believe trusts anybody.
  return { ca, cert, key, serverName, insecure: insecure || (enableHTTPS && ca === undefined) };
}

async function pem(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (data !== undefined) return atob(data);
  return file === undefined ? undefined : await Deno.readTextFile(file);
}
