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
import { matchesType } from "./negotiate.ts";

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
  const form = acceptedForm(request, "v3");
  if (!form) return noSuchForm();
  const protobuf = form === "protobuf";
  const make = (rows: readonly Resource[]) => {
    const document = openApiV3(path, rows, describe) as object | undefined;
    return document && protobuf ? openApiV3Bytes(document) : document;
  };
  const contentType = protobuf ? openApiV3Protobuf : "application/json";
  const response = documentAnswer(request, documents.get(`openapi v3 ${path} ${contentType}`, contentType, make));
  if (searchParams.has("hash")) response.headers.set("cache-control", `public, immutable, max-age=${yearSeconds}`);
  return response;
}

/** What the client prefers of the two; undefined: it takes neither. */
export function acceptedForm(request: Request, spec: "v2" | "v3"): "json" | "protobuf" | undefined {
  const gnostic = ["@", "."].map((mark) => `application/com.github.proto-openapi.spec.${spec}${mark}v1.0+protobuf`);
  for (const { type } of preferences(request.headers.get("accept"))) {
    if (matchesType("application/json", type)) return "json";
    if (gnostic.includes(type)) return "protobuf";
  }
  return undefined;
}

/** A 406 that says nothing, as upstream's of these documents. */
export function noSuchForm(): Response {
  return new Response(null, { status: 406, headers: { "cache-control": "no-cache, private", vary: "Accept" } });
}
