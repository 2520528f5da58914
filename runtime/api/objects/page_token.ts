/**
 * `continue` tokens: the revision of the snapshot and the last path that was sent, in base64url. Opaque to clients.
 */
import { badRequest } from "./refusals.ts";

export interface PageToken {
  /** -1: whatever is newest (the snapshot is gone and the client accepts an inconsistent rest). */
  readonly revision: number;
  readonly after: string;
}

export function writePageToken({ revision, after }: PageToken): string {
  const text = JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: after });
  return btoa(unescape(encodeURIComponent(text))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function readPageToken(token: string): PageToken {
  try {
    const text = decodeURIComponent(escape(atob(token.replaceAll("-", "+").replaceAll("_", "/"))));
    const { rv, start } = JSON.parse(text) as { rv: unknown; start: unknown };
    if (Number.isSafeInteger(rv) && typeof start === "string") return { revision: rv as number, after: start };
  } catch {
    // Falls through: whatever is wrong with it, the client is told the same.
  }
  throw badRequest("continue key is not valid: the token is malformed");
}
