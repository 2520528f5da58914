/** Reading and writing ManifestFiles. Until their CRD is there, which the loop itself applies, nothing is recorded. */
import { isReason, type KubeObject } from "../../runtime/schema/mod.ts";
import { type LoopContext, sameJson } from "../../runtime/loop/mod.ts";
import { confirmAnnotation, type FileRecord, ManifestFile, type ManifestFileStatus } from "./manifest_file.ts";

export interface FilePlace {
  readonly record: string;
  readonly folder: string;
  readonly path: string;
}

/** The record with this status; `undefined` when ManifestFiles are not served yet. Writes only differences. */
export async function writeRecord(
  { record, folder, path }: FilePlace,
  status: ManifestFileStatus,
  { client }: LoopContext,
): Promise<FileRecord | undefined> {
  const live = await client.get(ManifestFile, { name: record });
  if (live && sameJson(live.status, status)) return live;
  try {
    const object = { apiVersion: "gitops.d8s.io/v1", kind: "ManifestFile", metadata: { name: record } } as const;
    const present = live ?? await client.create(ManifestFile, { ...object, spec: { folder, path } });
    return await client.update(ManifestFile, { ...present, status: { ...status } }, { subresource: "status" });
  } catch (error) {
    if (isReason(error, "NotFound")) return undefined;
    throw error;
  }
}

export async function dropRecord(record: string, { client }: LoopContext): Promise<void> {
  try {
    await client.delete(ManifestFile, { name: record });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}

export function isConfirmed(record: FileRecord | undefined): boolean {
  return record?.metadata.annotations?.[confirmAnnotation] === "yes";
}

/** A confirmation is for one loss: it does not lie in wait for the next. */
export async function withdrawConfirmation(record: FileRecord, { client }: LoopContext): Promise<void> {
  const body = { metadata: { annotations: { [confirmAnnotation]: null } } };
  await client.patch(ManifestFile, { name: record.metadata.name }, { type: "merge", body });
}

export function aboutRecord(record: FileRecord): KubeObject {
  return { ...record, apiVersion: ManifestFile.apiVersion, kind: ManifestFile.kind, metadata: record.metadata };
}
