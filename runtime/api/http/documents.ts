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
import { answer } from "./answer.ts";
import { jsonText } from "./json_bytes.ts";

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

export function documentHeaders(etag: string) {
  return { etag, vary: "Accept", "cache-control": "public" };
}

/** Throws NotFound for `undefined`. */
export function documentAnswer(request: Request, document: Document | undefined): Response {
  if (!document) throw noSuchPage();
  const headers = documentHeaders(document.tag);
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
  return documentAnswer(request, document);
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
  return documentAnswer(request, documents.get(`group ${group}`, "application/json", make));
}

/** `/api/VERSION`, `/apis/GROUP/VERSION` */
export function versionDiscovery(documents: Documents, request: Request, group: string, version: string): Response {
  const make = (rows: readonly Resource[]) => apiResourceList(rows, group, version) as object | undefined;
  return documentAnswer(request, documents.get(`version ${group}/${version}`, "application/json", make));
}
