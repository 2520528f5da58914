/** `/openapi/v3`, kept like every document. */
import type { Json, Resource } from "../../schema/mod.ts";
import {
  type Describe,
  type OpenApiV2Part,
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
  /** What they add to `/openapi/v2`, by the documents that they said it in. */
  v2(): ReadonlyMap<object, OpenApiV2Part>;
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
  const protobuf = wantsGnostic(request);
  const make = (rows: readonly Resource[]) => {
    const document = openApiV3(path, rows, describe) as object | undefined;
    return document && protobuf ? openApiV3Bytes(document) : document;
  };
  const contentType = protobuf ? openApiV3Protobuf : "application/json";
  const response = documentAnswer(request, documents.get(`openapi v3 ${path} ${contentType}`, contentType, make));
  if (searchParams.has("hash")) response.headers.set("cache-control", `public, immutable, max-age=${yearSeconds}`);
  return response;
}

/** Whether a client asks for OpenAPI as protobuf. */
export function wantsGnostic(request: Request): boolean {
  return preferences(request.headers.get("accept")).some(({ type }) => type.includes("proto-openapi"));
}
