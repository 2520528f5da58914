/** Picks the encoding of an answer from the `Accept` header, or refuses in upstream's words. */
import { type Resource, StatusError } from "../../schema/mod.ts";
import { type Preference, preferences } from "./accept.ts";
import type { Encoding } from "./encodings.ts";
import { json, prettyJson } from "./json_bytes.ts";
import { partialMetadata } from "./partial_metadata.ts";
import { hasProtobuf, protobuf } from "./protobuf_encoding.ts";
import { type IncludeObject, tableEncoding } from "./table_encoding.ts";
import { yaml } from "./yaml_encoding.ts";

export interface Negotiation {
  readonly resource: Resource;
  readonly watching: boolean;
  /** The answer is a list; absent: it may be anything. */
  readonly listing?: boolean;
  readonly includeObject?: string | null;
  /** JSON is indented, but for watches. */
  readonly pretty?: boolean;
  readonly now: () => number;
}

const mediaTypes: readonly (readonly [type: string, encoding: Encoding])[] = [
  ["application/json", json],
  ["application/yaml", yaml],
  ["application/vnd.kubernetes.protobuf", protobuf],
];
const every = mediaTypes.map(([type]) => type);
const streams = every.filter((type) => type !== "application/yaml").map((type) => `${type};stream=watch`);

/** Throws NotAcceptable. */
export function negotiate(accept: string | null | undefined, options: Negotiation): Encoding {
  const { resource, watching, listing } = options;
  // Custom resources are served by who has no such gate in front.
  if (resource.type.name !== "") mustAccept(accept, watching || listing ? [...every, ...streams] : every);
  for (const preference of preferences(accept)) {
    const encoding = encodingFor(preference, options);
    if (encoding && watching && encoding.contentType === yaml.contentType) throw notAcceptable(streams);
    if (encoding) return encoding;
  }
  throw notAcceptable(every);
}

/** For what is no object of a resource and has one shape. Throws NotAcceptable. */
export function plainEncoding(accept: string | null | undefined): Encoding {
  return plainly(accept) ?? refuse(every);
}

function refuse(types: readonly string[]): never {
  throw notAcceptable(types);
}

function plainly(accept: string | null | undefined): Encoding | undefined {
  for (const { type, parameters } of preferences(accept)) {
    const found = parameters.as || parameters.stream
      ? undefined
      : mediaTypes.find(([known]) => matchesType(known, type))?.[1];
    if (found) return found;
  }
  return undefined;
}

function notAcceptable(types: readonly string[]): StatusError {
  return new StatusError("NotAcceptable", `only the following media types are accepted: ${types.join(", ")}`);
}

/** Nobody gets anything of a path who accepts none of the types that it has. Throws NotAcceptable. */
export function mustAccept(accept: string | null | undefined, types: readonly string[] = every): void {
  const wanted = (accept || "*/*").split(",").map((clause) => clause.split(";")[0]!.trim());
  if (wanted.some((type) => type === "*/*" || types.includes(type))) return;
  throw new StatusError(
    "NotAcceptable",
    `406: Not Acceptable\n\nAvailable representations: ${types.join(", ")}`,
    {},
  );
}

/** For what goes wrong: in the form that was asked for, JSON where it has none of that. Never refuses. */
export function errorEncoding(accept: string | null | undefined): Encoding {
  return plainly(accept) ?? json;
}

function encodingFor(preference: Preference, options: Negotiation): Encoding | undefined {
  const known = mediaTypes.find(([type]) => matchesType(type, preference.type))?.[1];
  if (!known) return undefined;
  const found = known === json && options.pretty && !options.watching ? prettyJson : known;
  if (found === protobuf && !hasProtobuf(options.resource)) return undefined;
  const { as: shape, stream } = preference.parameters;
  if (stream && stream !== "watch") return undefined;
  return shape ? shaped(preference, found, options) : found;
}

function shaped({ parameters }: Preference, plain: Encoding, options: Negotiation): Encoding | undefined {
  const { as: shape, g: group, v: version } = parameters;
  // What is only answered, such as a review, has neither columns nor metadata of its own.
  if (!options.resource.verbs.includes("get")) return undefined;
  if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (shape === "Table") {
    const choice = { version, include: includeOf(options.includeObject), now: options.now } as const;
    return plain === protobuf ? undefined : tableEncoding(plain, choice);
  }
  const ofList = shape === "PartialObjectMetadataList";
  if (!ofList && shape !== "PartialObjectMetadata") return undefined;
  const encoding = partialMetadata(plain, `${group}/${version}`);
  if (options.listing === undefined || ofList === options.listing) return encoding;
  // That is seen when there is something to be shown.
  const refused = () => {
    throw otherShape(shape, options);
  };
  return { ...encoding, object: refused, list: refused };
}

/** Upstream names the type that it has in memory. */
function otherShape(shape: string, { resource: { group, kind, listKind, type }, listing }: Negotiation): StatusError {
  const room = type.name === "" ? "unstructured" : group.split(".")[0] || "core";
  const found = type.name === "" ? `Unstructured${listing ? "List" : ""}` : listing ? listKind : kind;
  const what = `the requested object is ${listing ? "" : "not "}a list (*${room}.${found})`;
  return new StatusError("NotAcceptable", `you requested ${shape}, but ${what}`);
}

function includeOf(text: string | null | undefined): IncludeObject {
  if (!text || text === "Metadata") return "Metadata";
  if (text === "None" || text === "Object") return text;
  throw new StatusError("BadRequest", `unrecognized includeObject value: "${text}"`);
}

export function matchesType(type: string, wanted: string): boolean {
  return wanted === type || wanted === "*/*" || wanted === "application/*";
}
