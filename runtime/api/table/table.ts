/**
 * A Table: what the server answers when a client asks for rows instead of objects (`Accept: application/json;as=Table`).
 *
 * Source: meta/v1 Table, TableOptions (`includeObject`).
 */
import type { Json, KubeObject, Resource } from "../../schema/mod.ts";
import { cellsOf, columnsOf, rowConditionsOf } from "./printers.ts";

export interface TableOptions {
  readonly nowMs: number;
  /** What each row carries beside its cells; `Metadata` when the client does not say. */
  readonly includeObject?: "None" | "Metadata" | "Object";
  /** `resourceVersion`, `continue` and `remainingItemCount` of the list. */
  readonly metadata?: { readonly [field: string]: Json };
  /** Only the first event of a watch carries the columns. */
  readonly columns?: boolean;
  readonly version?: "v1" | "v1beta1";
}

export function tableOf(resource: Resource, objects: readonly KubeObject[], options: TableOptions): Json {
  const { nowMs, includeObject = "Metadata", metadata = {}, columns = true, version = "v1" } = options;
  const apiVersion = `meta.k8s.io/${version}`;
  const row = (object: KubeObject): Json => {
    const conditions = rowConditionsOf(resource, object);
    const cells = cellsOf(resource, object, nowMs);
    const carried = carriedObject(object, includeObject, apiVersion);
    return conditions ? { cells, conditions, object: carried } : { cells, object: carried };
  };
  return {
    kind: "Table",
    apiVersion,
    metadata: { ...metadata },
    columnDefinitions: columns ? tableColumns(resource) : [],
    rows: objects.map(row),
  };
}

/** `columnDefinitions[]` */
export function tableColumns(resource: Resource): Json[] {
  return columnsOf(resource).map(({ name, type, format, description, priority }) => ({
    ...{ name, type, format, description, priority },
  }));
}

function carriedObject(object: KubeObject, include: "None" | "Metadata" | "Object", apiVersion: string): Json {
  if (include === "None") return null;
  if (include === "Object") return object as Json;
  return { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata as unknown as Json };
}
