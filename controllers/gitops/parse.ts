/**
 * The text of a manifest file -> the objects that it names, or the one error that a person should read. Pure.
 *
 * Laws: all or nothing: a file with one bad document yields no object; `List`s are taken apart; the same object twice in a
 * file is an error.
 */
import type { KubeObject } from "../../runtime/schema/mod.ts";
import { describeRef, type FileError, identityOf, type Place, refOfObject } from "./manifest_file.ts";
import { readYaml, type YamlDocument, type YamlResult } from "./yaml.ts";

export interface ManifestObject extends Place {
  readonly object: KubeObject;
  /** Line of a field of this object, such as `spec.ports[0].name`. */
  lineOf(field: string): number;
}

export type ParsedFile =
  | { readonly objects: readonly ManifestObject[] }
  | { readonly error: FileError };

export function parseManifest(path: string, text: string): ParsedFile {
  if (text.trim() === "") {
    const message = "the file is empty; to remove its objects from the cluster, delete the file";
    return { error: { document: 1, line: 1, message } };
  }
  const read = path.endsWith(".json") ? readJson(text) : readYaml(text);
  if ("error" in read) return read;
  const objects: ManifestObject[] = [];
  for (const [index, document] of read.documents.entries()) {
    const found = objectsOf(document, index + 1);
    if ("error" in found) return found;
    objects.push(...found.objects);
  }
  return twice(objects) ?? { objects };
}

/** JSON's own grammar decides; the YAML reader, which reads JSON too, finds the lines. */
function readJson(text: string): YamlResult {
  try {
    JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(message)?.[1];
    const before = text.slice(0, position === undefined ? text.length : Number(position));
    return { error: { document: 1, line: before.split("\n").length, message: `not JSON: ${message}` } };
  }
  return readYaml(text);
}

function objectsOf(document: YamlDocument, number: number): ParsedFile {
  const { value, line } = document;
  if (value === null || value === undefined) return { objects: [] };
  const object = { object: value as KubeObject, document: number, line, lineOf: document.lineOf };
  const items = isFields(value) && String(value.kind).endsWith("List") && Array.isArray(value.items)
    ? value.items
    : undefined;
  if (!items) {
    const error = complaint(object);
    return error ? { error } : { objects: [object] };
  }
  const objects = items.map((item, index) => itemOf(document, { item, index, number }));
  const error = objects.map(complaint).find(Boolean);
  return error ? { error } : { objects };
}

function itemOf({ lineOf }: YamlDocument, { item, index, number }: { item: unknown; index: number; number: number }) {
  const prefix = `items[${index}]`;
  return {
    object: item as KubeObject,
    document: number,
    line: lineOf(prefix),
    lineOf: (field: string) => lineOf(field ? `${prefix}.${field}` : prefix),
  };
}

/** What every object must have before the server is asked. */
function complaint({ object, document, line, lineOf }: ManifestObject): FileError | undefined {
  const say = (message: string, field = "") => ({ document, line: field ? lineOf(field) : line, message });
  if (!isFields(object)) return say("is not an object with apiVersion, kind and metadata");
  for (const field of ["apiVersion", "kind"]) {
    const value = object[field];
    if (value === undefined) return say(`${field} is missing`);
    if (typeof value !== "string" || value === "") return say(`${field} must be text`, field);
  }
  const { metadata } = object;
  if (!isFields(metadata)) return say("metadata is missing");
  if (typeof metadata.name === "string" && metadata.name !== "") return unreadable(object, say);
  if (metadata.generateName !== undefined) {
    return say(
      "metadata.generateName names a new object each time; a file needs metadata.name",
      "metadata.generateName",
    );
  }
  return say("metadata.name must be text", "metadata.name");
}

type Say = (message: string, field?: string) => FileError;

/** YAML can say what JSON cannot. */
function unreadable(value: unknown, say: Say, path = ""): FileError | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return say(`${path} is ${value}, which JSON cannot carry`, path);
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [field, inner] of Object.entries(value)) {
    const inside = Array.isArray(value) ? `${path}[${field}]` : path ? `${path}.${field}` : field;
    const error = unreadable(inner, say, inside);
    if (error) return error;
  }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function twice(objects: readonly ManifestObject[]): ParsedFile | undefined {
  const seen = new Map<string, ManifestObject>();
  for (const object of objects) {
    const ref = refOfObject(object.object);
    const before = seen.get(identityOf(ref));
    if (before) {
      const { document, line } = object;
      const message = `${describeRef(ref)} is named already in document ${before.document}, line ${before.line}`;
      return { error: { document, line, message } };
    }
    seen.set(identityOf(ref), object);
  }
}
