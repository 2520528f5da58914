/** `/openapi/v2` and `/openapi/v3`, kept like every document. */
import type { Json, Resource } from "../../schema/mod.ts";
import {
  type Describe,
  type OpenApiV2,
  openApiV2,
  openApiV2MediaTypes,
  openApiV2Protobuf,
  openApiV3,
  openApiV3Bytes,
  openApiV3Index,
  openApiV3Protobuf,
} from "../openapi/mod.ts";
import { preferences } from "./accept.ts";
import { documentAnswer, type Documents } from "./documents.ts";

const yearSeconds = 31_536_000;

/** What servers behind this one say of what they serve, merged into our own documents. */
export interface RemoteOpenApi {
  /** Of `/openapi/v3`: `apis/GROUP/VERSION` to where its document is. */
  v3Paths(): { readonly [path: string]: Json };
  /** Their paths and definitions beside ours. */
  v2(own: OpenApiV2): OpenApiV2;
}

/** As protobuf for clients that ask for it: kubectl up to 1.26 reads nothing else. */
export function openApiV2Answer(
  documents: Documents,
  request: Request,
  describe: Describe,
  remote: RemoteOpenApi,
): Response {
  const protobuf = wantsProtobuf(request);
  const make = (rows: readonly Resource[]) => {
    const document = remote.v2(openApiV2(rows, describe));
    return protobuf ? openApiV2Protobuf(document) : document;
  };
  // Go cannot parse the "@" of the media type that it asks for, so the answer is named otherwise.
  const contentType = protobuf ? openApiV2MediaTypes.protobuf.replace("@", ".") : openApiV2MediaTypes.json;
  return documentAnswer(request, documents.get(`openapi v2 ${contentType}`, contentType, make));
}

export function openApiV3IndexAnswer(documents: Documents, request: Request, remote: RemoteOpenApi): Response {
  const make = (rows: readonly Resource[]) => {
    const { paths } = openApiV3Index(rows) as { paths: { [path: string]: Json } };
    return { paths: { ...paths, ...remote.v3Paths() } };
  };
  return documentAnswer(request, documents.get("openapi v3", "application/json", make));
}

/** A URL that carries its hash never changes its content. */
export function openApiV3Answer(documents: Documents, request: Request, describe: Describe): Response {
  const { pathname, searchParams } = new URL(request.url);
  const path = pathname.slice("/openapi/v3/".length);
  const protobuf = wantsProtobuf(request);
  const make = (rows: readonly Resource[]) => {
    const document = openApiV3(path, rows, describe) as object | undefined;
    return document && protobuf ? openApiV3Bytes(document) : document;
  };
  const contentType = protobuf ? openApiV3Protobuf : "application/json";
  const response = documentAnswer(request, documents.get(`openapi v3 ${path} ${contentType}`, contentType, make));
  if (searchParams.has("hash")) response.headers.set("cache-control", `public, immutable, max-age=${yearSeconds}`);
  return response;
}

function wantsProtobuf(request: Request): boolean {
  return preferences(request.headers.get("accept")).some(({ type }) => type.includes("proto-openapi"));
}
