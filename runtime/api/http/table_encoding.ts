/** Tables as an encoding: the columns that `kubectl get` prints, made by the server ("Receiving resources as Tables"). */
import type { Resource } from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import { shownAs } from "../objects/versions.ts";
import { tableOf } from "../table/mod.ts";
import { type Encoding, type ListMeta, listMeta } from "./encodings.ts";
import { jsonText } from "./json_bytes.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableChoice {
  /** Of `meta.k8s.io`. */
  readonly version: "v1" | "v1beta1";
  readonly include: IncludeObject;
  /** Milliseconds; ages are counted from it. */
  readonly now: () => number;
}

/** `plain`: how the Table itself is written; a watch of Tables is JSON. */
export function tableEncoding(plain: Encoding, { version, include, now }: TableChoice): Encoding {
  const table = (items: readonly ObjectRevision[], resource: Resource, metadata: ListMeta, columns: boolean) =>
    tableOf(resource, items.map((revision) => shownAs(revision, resource).object), {
      nowMs: now(),
      includeObject: include,
      metadata: { ...metadata },
      columns,
      version,
    }) as object;
  const metaOf = (revision: number) => ({ resourceVersion: String(revision) });
  return {
    ...plain,
    listParts: undefined,
    key: `table ${version} ${include}`,
    firstDiffers: true,
    object: (revision, resource) => plain.value(table([revision], resource, metaOf(revision.revision), true)),
    list: (list, resource) => plain.value(table(list.items, resource, listMeta(list), true)),
    frame: (type, revision, resource, first) =>
      jsonText({ type, object: table([revision], resource, metaOf(revision.revision), first) }),
    bookmark: (revision, _initialEnd, resource) =>
      jsonText({ type: "BOOKMARK", object: table([], resource, metaOf(revision), false) }),
  };
}
