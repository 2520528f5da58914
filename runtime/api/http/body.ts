/** Reads and decodes request bodies: bounded, JSON or YAML, objects only. */
import type { IncomingMessage } from "node:http";
import { load } from "js-yaml";
import {
  decodeProtobuf,
  duplicateFaults,
  goJsonFault,
  goKindOf,
  type Json,
  type KubeObject,
  StatusError,
} from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";
import type { PatchBody } from "../operations.ts";
import { badRequest } from "../objects/refusals.ts";
import { yamlDuplicates } from "./yaml_duplicates.ts";

/** Bytes. */
export const largestBody = 3 * 1024 * 1024;

const decoder = new TextDecoder();

/** Throws RequestEntityTooLarge. */
export async function readBody(request: Request, connection: Connection): Promise<Uint8Array> {
  const bytes = await wholeBody(request, connection);
  connection.audit?.body(bytes);
  return bytes;
}

async function wholeBody(request: Request, { incoming }: Connection): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > largestBody) throw tooLarge();
  if (incoming) return await incomingBody(incoming);
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > largestBody) throw tooLarge();
    chunks.push(chunk);
  }
  return whole(chunks, length);
}

/** By its events: an iterator over a message costs more than parsing it. */
function incomingBody(incoming: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const gone = () => reject(badRequest("the client went away before its request was whole"));
    if (incoming.destroyed) return gone();
    incoming.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length <= largestBody) return void chunks.push(chunk);
      incoming.pause();
      reject(tooLarge());
    });
    incoming.on("end", () => {
      incoming.off("close", gone);
      resolve(whole(chunks, length));
    });
    incoming.on("error", reject);
    incoming.on("close", gone);
  });
}

function whole(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(): StatusError {
  return new StatusError("RequestEntityTooLarge", `Request entity too large: limit is ${largestBody}`);
}

/** `application/json`, lower case, without parameters; JSON when nothing is said. */
export function mediaTypeOf(contentType: string | null): string {
  return (contentType ?? "").split(";")[0]!.trim().toLowerCase() || "application/json";
}

export interface Decoded {
  readonly value: Json;
  /** What is to be said of members that stand twice. */
  readonly duplicates: readonly string[];
}

const formats: Readonly<Record<string, (text: string) => Decoded>> = {
  "application/json": parseJson,
  "application/yaml": parseYaml,
  "text/yaml": parseYaml,
  "application/x-yaml": parseYaml,
};

/** Throws UnsupportedMediaType and BadRequest. `kind` is what the body should be. */
export function decodeObject(
  bytes: Uint8Array,
  mediaType: string,
  kind: string,
): { value: KubeObject; duplicates: readonly string[] } {
  if (mediaType === "application/vnd.kubernetes.protobuf") return { value: decodeProtobuf(bytes), duplicates: [] };
  const format = formats[mediaType];
  if (!format) throw unsupported("application/json, application/yaml, application/vnd.kubernetes.protobuf");
  const { value, duplicates } = parseAs(format, bytes, kind);
  const given = goKindOf(value);
  if (given !== "object") {
    throw unrecognized(kind, `json: cannot unmarshal ${given} into Go value of type ${typeMeta}`, bytes);
  }
  // Null is an object that says nothing.
  return { value: (value ?? {}) as unknown as KubeObject, duplicates };
}

/** Any JSON value, or YAML of what is applied. Throws BadRequest. */
export function decodePatch(bytes: Uint8Array, type: PatchBody["type"]): Decoded {
  const text = decoder.decode(bytes);
  try {
    return (type === "apply" ? parseYaml : parseJson)(text);
  } catch (error) {
    const { message } = error as Error;
    if (type === "apply") throw badRequest(`error decoding YAML: ${message}`);
    throw badRequest(`${type === "strategic" ? "" : "error decoding patch: "}${goJsonFault(text) || message}`);
  }
}

export function unsupported(accepted: string): StatusError {
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

function parseAs(format: (text: string) => Decoded, bytes: Uint8Array, kind: string): Decoded {
  const text = decoder.decode(bytes);
  try {
    return format(text);
  } catch (error) {
    const fault = format === parseJson ? goJsonFault(text) : "";
    throw unrecognized(kind, fault || (error as Error).message, bytes);
  }
}

/** What upstream reads first of every body. */
const typeMeta = String
  .raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`;

function unrecognized(kind: string, why: string, bytes: Uint8Array): StatusError {
  const fault = `couldn't get version/kind; json parse error: ${why} (${beginning(bytes)})`;
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${fault}`);
}

const shownBytes = 30;

/** Of a body, as text where it may be JSON, in hexadecimal where not. */
function beginning(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<empty>";
  const first = bytes.subarray(0, shownBytes);
  const shown = first[0] === 0x7b ? decoder.decode(first) : first.toHex();
  return bytes.length > shownBytes ? `${shown} ...` : shown;
}

function parseJson(text: string): Decoded {
  const value = JSON.parse(text) as Json;
  return { value, duplicates: duplicateFaults(text, value) };
}

/** JSON is tried first: it is what most "YAML" bodies are, and much faster. */
function parseYaml(text: string): Decoded {
  if (text.trimStart().startsWith("{")) {
    try {
      return parseJson(text);
    } catch {
      // A flow mapping that is not JSON: YAML decides.
    }
  }
  const { value, duplicates } = loadYaml(text);
  if (nodesWithin(value, largestBody) <= 0) throw new Error("the document's aliases expand to more than is allowed");
  return { value, duplicates };
}

/** A key that stands twice means its last value, and is told. */
function loadYaml(text: string): Decoded {
  const faults = yamlDuplicates(text);
  if (faults.length === 0) return { value: load(text) as Json, duplicates: [] };
  return {
    value: load(text, { json: true }) as Json,
    duplicates: [["yaml: unmarshal errors:", ...faults].join("\n  ")],
  };
}

/** What is left of `budget` values after counting all of them, aliases as often as they are used. */
function nodesWithin(value: Json, budget: number): number {
  if (typeof value !== "object" || value === null) return budget - 1;
  for (const inner of Object.values(value)) {
    if ((budget = nodesWithin(inner, budget)) <= 0) return 0;
  }
  return budget - 1;
}
