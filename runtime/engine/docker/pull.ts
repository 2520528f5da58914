/** `POST /images/create`: the answer is 200 before the pull has begun, and its lines say how it ends. */
import { EngineError, type PullCredentials } from "../engine.ts";
import { jsonLines } from "./frames.ts";
import type { Socket } from "./socket.ts";

export async function pullImage(
  api: Socket,
  reference: string,
  { credentials, signal }: { credentials?: PullCredentials; signal?: AbortSignal } = {},
): Promise<void> {
  const headers: Record<string, string> = credentials ? { "x-registry-auth": registryAuth(credentials) } : {};
  const target = `/images/create?${new URLSearchParams(splitReference(reference))}`;
  for await (const line of jsonLines(api.stream("POST", target, { headers, signal }))) {
    const { error } = line as { error?: string };
    if (error) throw new EngineError(500, error);
  }
}

/** Without a tag docker would pull them all. */
export function splitReference(reference: string): { fromImage: string; tag?: string } {
  if (reference.includes("@")) return { fromImage: reference };
  const colon = reference.indexOf(":", reference.lastIndexOf("/") + 1);
  if (colon < 0) return { fromImage: reference, tag: "latest" };
  return { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

function registryAuth({ username, password, server }: PullCredentials): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ username, password, serveraddress: server }));
  return bytes.toBase64({ alphabet: "base64url" });
}
