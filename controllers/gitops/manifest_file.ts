/**
 * ManifestFile: the object by which users see a file of a manifests folder, and the loop's memory across restarts: its
 * `status.objects` is what is pruned when it leaves the file. Its CRD is `manifests/system/manifest_files.yaml`.
 */
import type { TypeMeta } from "@kubernetes-models/base";
import { type Kind, kind, type KubeObject, type ObjectMeta, type Stored } from "../../runtime/schema/mod.ts";
import { groupOf } from "../objects/discovery.ts";

/** Identity of an object in the cluster. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Where in a file something is. Both count from 1. */
export interface Place {
  readonly document: number;
  readonly line: number;
}

export interface FileError extends Place {
  readonly message: string;
}

export type FileState = "Applied" | "Waiting" | "Broken" | "Held";

export interface ManifestFileStatus {
  readonly state?: FileState;
  /** Of the content that was applied last. */
  readonly hash?: string;
  readonly message?: string;
  readonly error?: FileError;
  readonly objectCount?: number;
  readonly objects?: readonly ObjectRef[];
  readonly appliedAt?: string;
}

export interface IManifestFile extends TypeMeta {
  apiVersion: "gitops.d8s.io/v1";
  kind: "ManifestFile";
  metadata?: ObjectMeta;
  spec: { folder: string; path: string };
  status?: ManifestFileStatus;
}

export const ManifestFile: Kind<IManifestFile> = kind("gitops.d8s.io/v1", "ManifestFile", "manifestfiles", false);

export type FileRecord = Stored<IManifestFile>;

/** `kubectl annotate manifestfile NAME gitops.d8s.io/confirm-prune=yes` */
export const confirmAnnotation = "gitops.d8s.io/confirm-prune";

/** On every object that a file put into the cluster: the file's path. */
export const fileAnnotation = "gitops.d8s.io/file";

/** Same object, whatever the version it is written in. */
export function identityOf({ apiVersion, kind, namespace = "", name }: ObjectRef): string {
  return `${groupOf(apiVersion)}/${kind}/${namespace}/${name}`;
}

export function refOfObject(object: KubeObject): ObjectRef {
  const { namespace, name = "" } = object.metadata ?? {};
  const ref = { apiVersion: object.apiVersion ?? "", kind: object.kind ?? "", name };
  return namespace ? { ...ref, namespace } : ref;
}

/** `Deployment hello/web`, `Namespace hello` */
export function describeRef({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

/** A valid object name that still reads like the path; `digest` keeps two paths apart that read alike. */
export function recordName(path: string, digest: string): string {
  const readable = path.toLowerCase().replace(/[^a-z0-9.]+/g, "-").replace(/\.{2,}/g, ".").replace(/[-.]*\.[-.]*/g, ".")
    .replace(/^[-.]+|[-.]+$/g, "").slice(0, 200).replace(/[-.]+$/, "");
  return `${readable || "file"}-${digest}`;
}
