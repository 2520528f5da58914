/** Discovery and OpenAPI: documents made from the rows, kept until a row changes, answered 304 to those who have them. */
import type { Resource } from "../../schema/mod.ts";
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  discoveryMediaType,
  type DiscoveryVersion,
  entityTag,
} from "../discovery/mod.ts";
import { noSuchPage } from "../objects/refusals.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import { preferences } from "./accept.ts";
import { answer, pageNotFound } from "./answer.ts";
import { jsonText } from "./json_bytes.ts";
import { mustAccept, plainEncoding } from "./negotiate.ts";

export interface Document {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly tag: string;
}

export class Documents {
  #revision = -1;
  readonly #kept = new Map<string, Document | undefined>();

  constructor(private readonly registry: Pick<ResourceRegistry, "revision" | "all">) {}

  rows(): readonly Resource[] {
    return this.registry.all();
  }

  /** `make` answers with what is serialised, or nothing where nothing is served. */
  get(
    key: string,
    contentType: string,
    make: (resources: readonly Resource[]) => object | Uint8Array | undefined,
  ): Document | undefined {
    if (this.#revision !== this.registry.revision) this.#kept.clear();
    this.#revision = this.registry.revision;
    if (this.#kept.has(key)) return this.#kept.get(key);
    const made = make(this.registry.all());
    const bytes = made instanceof Uint8Array ? made : made && jsonText(made);
    const document = bytes && { bytes, contentType, tag: entityTag(bytes) };
    this.#kept.set(key, document);
    return document;
  }
}

export function documentHeaders(etag: string, cacheControl = "no-cache, private") {
  return { etag, vary: "Accept", "cache-control": cacheControl };
}

/** The documents of before aggregated discovery, which nobody keeps. Throws NotAcceptable, and NotFound for `undefined`. */
function legacyAnswer(request: Request, document: Document | undefined): Response {
  if (!document) throw noSuchPage();
  const encoding = plainEncoding(request.headers.get("accept"));
  if (encoding.contentType === document.contentType) return answer(document.bytes, document.contentType);
  return answer(encoding.value(JSON.parse(new TextDecoder().decode(document.bytes))), encoding.contentType);
}

/** Throws NotFound for `undefined`. */
export function documentAnswer(request: Request, document: Document | undefined, cacheControl?: string): Response {
  if (!document) throw noSuchPage();
  const headers = documentHeaders(document.tag, cacheControl);
  if (request.headers.get("if-none-match") === document.tag) return new Response(null, { status: 304, headers });
  return answer(document.bytes, document.contentType, 200, headers);
}

/** `/api` and `/apis`, legacy or aggregated as the client prefers. */
export function rootDiscovery(documents: Documents, root: "/api" | "/apis", request: Request, serverAddress: string) {
  const version = aggregatedVersion(request.headers.get("accept"));
  const document = version
    ? documents.get(
      `${root} ${version}`,
      discoveryMediaType(version),
      (rows) => aggregatedDiscovery(rows, root, version) as object,
    )
    : documents.get(
      `${root} ${serverAddress}`,
      "application/json",
      (rows) => (root === "/api" ? apiVersions(rows, serverAddress) : apiGroupList(rows)) as object,
    );
  if (version) return documentAnswer(request, document, "public");
  if (root === "/api") mustAccept(request.headers.get("accept"));
  return legacyAnswer(request, document);
}

function aggregatedVersion(accept: string | null): DiscoveryVersion | undefined {
  for (const { type, parameters } of preferences(accept)) {
    if (type !== "application/json" && type !== "*/*") continue;
    const { g: group, v: version, as: shape } = parameters;
    if (!shape) return undefined;
    if (group === "apidiscovery.k8s.io" && (version === "v2" || version === "v2beta1")) return version;
  }
  return undefined;
}

/** `/apis/GROUP` */
export function groupDiscovery(documents: Documents, request: Request, group: string): Response {
  const make = (rows: readonly Resource[]) => apiGroup(rows, group) as object | undefined;
  const document = documents.get(`group ${group}`, "application/json", make);
  return document ? legacyAnswer(request, document) : pageNotFound();
}

/** `/api/VERSION`, `/apis/GROUP/VERSION` */
export function versionDiscovery(documents: Documents, request: Request, group: string, version: string): Response {
  const make = (rows: readonly Resource[]) => apiResourceList(rows, group, version) as object | undefined;
  const document = documents.get(`version ${group}/${version}`, "application/json", make);
  mustAccept(request.headers.get("accept"));
  if (!document && group && !documents.rows().some((row) => row.group === group)) return pageNotFound();
  return legacyAnswer(request, document);
}
