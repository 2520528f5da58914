/**
 * What is to be done about one file: which objects are applied in which order, which are pruned, or why nothing is. Pure.
 *
 * Laws: a file that cannot be read changes nothing; an object that another present file names is never pruned; an object
 * that two files name belongs to the first of them.
 */
import type { KubeObject } from "../../runtime/schema/mod.ts";
import { describeRef, type FileError, identityOf, type ManifestFileStatus, type ObjectRef } from "./manifest_file.ts";
import { inOrder } from "./order.ts";
import type { ManifestObject, ParsedFile } from "./parse.ts";

/** An object of a file with its identity in the cluster (default namespace filled in). */
export interface Desired {
  readonly manifest: ManifestObject;
  readonly ref: ObjectRef;
  readonly object: KubeObject;
}

export interface FileWorld {
  /** Absent: the file is gone. */
  readonly parsed?: ParsedFile;
  /** Of `parsed`, resolved. */
  readonly desired: readonly Desired[];
  /** What the record says that the file has in the cluster. */
  readonly status?: ManifestFileStatus;
  /** Path of the present file that names an object first. */
  readonly namedBy: (identity: string) => string | undefined;
  /** This file. */
  readonly path: string;
}

export type FilePlan =
  | { readonly do: "refuse"; readonly error: FileError }
  | {
    readonly do: "apply";
    readonly apply: readonly Desired[];
    /** In the order of their deletion. */
    readonly prune: readonly ObjectRef[];
    /** The file is gone: when all is pruned, its record goes too. */
    readonly last: boolean;
  };

export function planFile({ parsed, desired, status, namedBy, path }: FileWorld): FilePlan {
  if (parsed && "error" in parsed) return { do: "refuse", error: parsed.error };
  for (const { ref, manifest } of desired) {
    const first = namedBy(identityOf(ref));
    if (first === undefined || first === path) continue;
    const { document, line } = manifest;
    return { do: "refuse", error: { document, line, message: `${describeRef(ref)} is named already by ${first}` } };
  }
  const wanted = new Set(desired.map(({ ref }) => identityOf(ref)));
  const left = (status?.objects ?? []).filter((ref) => !wanted.has(identityOf(ref)) && !namedBy(identityOf(ref)));
  return {
    do: "apply",
    apply: inOrder(desired, ({ ref }) => ref),
    prune: inOrder(left, (ref) => ref).reverse(),
    last: parsed === undefined,
  };
}

/** The union, each identity once: what is written down before anything is applied, so that no crash forgets an object. */
export function inventory(...lists: readonly (readonly ObjectRef[])[]): ObjectRef[] {
  const all = new Map(lists.flat().map((ref) => [identityOf(ref), ref]));
  return [...all.values()];
}

/** `manifests/web.yaml, document 2, line 14: ...` */
export function sayWhere(path: string, { document, line, message }: FileError): string {
  return `${path}, document ${document}, line ${line}: ${message}`;
}
