/**
 * `continue` tokens: the revision of the snapshot and where the rest begins, below the folder that is listed. Opaque to
 * clients; they look like upstream's.
 */
import type { Json } from "../../schema/mod.ts";
import { badRequest } from "./refusals.ts";

export interface PageToken {
  /** Below 0: whatever is newest (the snapshot is gone and the client accepts an inconsistent rest). */
  readonly revision: number;
  /** The last path that was sent, in the listed folder. */
  readonly after: string;
}

const version = "meta.k8s.io/v1";

export function writePageToken({ revision, after }: PageToken): string {
  const text = JSON.stringify({ v: version, rv: revision, start: `${after}\0` });
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Throws BadRequest. */
export function readPageToken(token: string): PageToken {
  const { v = "", rv = 0, start = "" } = fieldsOf(token);
  if (v !== version) throw bad(`server does not recognize this encoded version ${v}`);
  if (!Number.isSafeInteger(rv) || rv === 0) throw bad(`incorrect encoded start resourceVersion (version ${version})`);
  if (typeof start !== "string" || start === "") throw bad(`encoded start key empty (version ${version})`);
  if (start.split("/").some((step) => step === ".." || step === ".")) throw bad(start);
  return { revision: rv as number, after: start.replace(/\0$/, "") };
}

function fieldsOf(token: string): { readonly [name: string]: Json } {
  const broken = illegalByte(token);
  if (broken !== undefined) throw bad(`illegal base64 data at input byte ${broken}`);
  try {
    const value = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(token, { alphabet: "base64url" })));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw bad((error as Error).message);
  }
  throw bad("the token holds no object");
}

/** The first byte that is not base64url's; of a last group that is too short, its first. */
function illegalByte(token: string): number | undefined {
  const at = token.search(/[^A-Za-z0-9_-]/);
  if (at >= 0) return at;
  return token.length % 4 === 1 ? token.length - 1 : undefined;
}

function bad(why: string) {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
