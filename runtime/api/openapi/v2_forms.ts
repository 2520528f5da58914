/** The forms of the OpenAPI v2 document: each encodes parts, once, and joins their bytes. */
import { gnosticDefinitions, gnosticDocument, gnosticPaths } from "./gnostic_v2.ts";
import type { OpenApiV2Part } from "./v2.ts";

export interface EncodedPart {
  readonly paths: Uint8Array;
  readonly definitions: Uint8Array;
}

export interface OpenApiV2Form {
  readonly contentType: string;
  encode(part: OpenApiV2Part): EncodedPart;
  /** The whole document, in pieces. */
  join(parts: readonly EncodedPart[]): Uint8Array[];
}

const head = { swagger: "2.0", info: { title: "Kubernetes", version: "v1.36.0" } };
const encoder = new TextEncoder();
const comma = encoder.encode(",");

export const openApiV2Json: OpenApiV2Form = {
  contentType: "application/json",
  encode: ({ paths, definitions }) => ({ paths: members(paths), definitions: members(definitions) }),
  join: (parts) => [
    encoder.encode(`${JSON.stringify(head).slice(0, -1)},"paths":{`),
    ...listed(parts.map(({ paths }) => paths)),
    encoder.encode(`},"definitions":{`),
    ...listed(parts.map(({ definitions }) => definitions)),
    encoder.encode("}}\n"),
  ],
};

/** Clients ask for `...spec.v2@v1.0+protobuf`, which is no valid media type to answer with. */
export const openApiV2Protobuf: OpenApiV2Form = {
  contentType: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
  encode: ({ paths, definitions }) => ({ paths: gnosticPaths(paths), definitions: gnosticDefinitions(definitions) }),
  join: (parts) => gnosticDocument(head, parts.map(({ paths }) => paths), parts.map(({ definitions }) => definitions)),
};

/** What stands between the braces. */
function members(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value).slice(1, -1));
}

function listed(pieces: readonly Uint8Array[]): Uint8Array[] {
  return pieces.filter(({ length }) => length > 0).flatMap((piece, at) => at === 0 ? [piece] : [comma, piece]);
}
