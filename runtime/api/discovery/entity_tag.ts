/** The ETag of a document: clients that send it back as If-None-Match are answered 304. */
import { createHash } from "node:crypto";

/** Quoted, as the header carries it. */
export function entityTag(document: string | Uint8Array): string {
  return `"${createHash("sha512").update(document).digest("hex").toUpperCase()}"`;
}
