/** Picks the encoding of an answer from the `Accept` header, or refuses in upstream's words. */
import { type Resource, StatusError } from "../../schema/mod.ts";
import { type Preference, preferences } from "./accept.ts";
import type { Encoding } from "./encodings.ts";
import { json } from "./json_bytes.ts";
import { partialMetadata } from "./partial_metadata.ts";
import { hasProtobuf, protobuf } from "./protobuf_encoding.ts";
import { type IncludeObject, tableEncoding } from "./table_encoding.ts";
import { yaml } from "./yaml_encoding.ts";

export interface Negotiation {
  readonly resource: Resource;
  readonly watching: boolean;
  readonly includeObject?: string | null;
  readonly now: () => number;
}

const mediaTypes: readonly (readonly [type: string, encoding: Encoding])[] = [
  ["application/json", json],
  ["application/yaml", yaml],
  ["application/vnd.kubernetes.protobuf", protobuf],
];

/** Throws NotAcceptable. */
export function negotiate(accept: string | null | undefined, options: Negotiation): Encoding {
  for (const preference of preferences(accept)) {
    const encoding = encodingFor(preference, options);
    if (encoding) return encoding;
  }
  throw notAcceptable();
}

export function notAcceptable(): StatusError {
  const accepted = mediaTypes.map(([type]) => type).join(", ");
  return new StatusError("NotAcceptable", `only the following media types are accepted: ${accepted}`);
}

/** For answers that are no objects of a resource: plain JSON unless YAML is wanted. Never refuses. */
export function plainEncoding(accept: string | null | undefined): Encoding {
  for (const { type } of preferences(accept)) {
    if (type === "application/yaml") return yaml;
    if (matchesType("application/json", type)) return json;
  }
  return json;
}

function encodingFor(preference: Preference, options: Negotiation): Encoding | undefined {
  const found = mediaTypes.find(([type]) => matchesType(type, preference.type))?.[1];
  if (!found || (options.watching && found === yaml)) return undefined;
  if (found === protobuf && !hasProtobuf(options.resource)) return undefined;
  const { as: shape } = preference.parameters;
  return shape && shape !== "" ? shaped(preference, found, options) : found;
}

function shaped({ parameters }: Preference, plain: Encoding, options: Negotiation): Encoding | undefined {
  const { as: shape, g: group, v: version } = parameters;
  // What is only answered, such as a review, has neither columns nor metadata of its own.
  if (!options.resource.verbs.includes("get")) return undefined;
  if (plain !== json || group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  const apiVersion = `${group}/${version}`;
  if (shape === "Table") {
    return tableEncoding({ version, include: includeOf(options.includeObject), now: options.now });
  }
  const partial = shape === "PartialObjectMetadata" || shape === "PartialObjectMetadataList";
  return partial ? partialMetadata(apiVersion) : undefined;
}

function includeOf(text: string | null | undefined): IncludeObject {
  if (!text || text === "Metadata") return "Metadata";
  if (text === "None" || text === "Object") return text;
  throw new StatusError("BadRequest", `unrecognized includeObject value: "${text}"`);
}

function matchesType(type: string, wanted: string): boolean {
  return wanted === type || wanted === "*/*" || wanted === "application/*";
}
