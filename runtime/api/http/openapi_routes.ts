/** `/openapi/v2` and `/openapi/v3`: documents that are made when the first client asks and kept until a row changes. */
import type { Resource } from "../../schema/mod.ts";
import {
  type Describe,
  installedDescriptions,
  openApiV2,
  openApiV2MediaTypes,
  openApiV2Protobuf,
  openApiV3,
  openApiV3Index,
} from "../openapi/mod.ts";
import { preferences } from "./accept.ts";
import { documentAnswer, type Documents } from "./documents.ts";

let words: Describe | undefined;

/** The declarations are found once, when somebody asks. */
function describe(structName: string): ReturnType<Describe> {
  return (words ??= installedDescriptions())(structName);
}

/** Clients written in Go ask for protobuf, all others for JSON. */
export function openApiV2Answer(documents: Documents, request: Request): Response {
  const { json, protobuf } = openApiV2MediaTypes;
  const wanted = preferences(request.headers.get("accept")).find(({ type }) =>
    type === protobuf || type === json || type === "*/*"
  );
  const binary = wanted?.type === protobuf;
  const make = (rows: readonly Resource[]) =>
    binary ? openApiV2Protobuf(openApiV2(rows, describe)) : openApiV2(rows, describe);
  const contentType = binary ? protobuf : json;
  return documentAnswer(request, documents.get(`openapi v2 ${contentType}`, contentType, make));
}

export function openApiV3IndexAnswer(documents: Documents, request: Request): Response {
  const make = (rows: readonly Resource[]) => openApiV3Index(rows) as object;
  return documentAnswer(request, documents.get("openapi v3", "application/json", make));
}

/** `/openapi/v3/api/v1`, `/openapi/v3/apis/GROUP/VERSION` */
export function openApiV3Answer(documents: Documents, request: Request): Response {
  const path = new URL(request.url).pathname.replace(/^\/openapi\/v3\//, "").replace(/\/$/, "");
  const make = (rows: readonly Resource[]) => openApiV3(path, rows, describe) as object | undefined;
  return documentAnswer(request, documents.get(`openapi v3 ${path}`, "application/json", make));
}
