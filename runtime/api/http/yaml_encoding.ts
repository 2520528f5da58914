/** YAML answers; rare, so nothing is kept. Watches have no YAML form. */
import { dump } from "js-yaml";
import { apiVersionOf, type Resource, type Stored } from "../../schema/mod.ts";
import { shownAs } from "../objects/versions.ts";
import { type Encoding, listMeta } from "./encodings.ts";
import { json } from "./json_bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function write(value: unknown): Uint8Array {
  return encoder.encode(dump(value, { noRefs: true, lineWidth: -1, sortKeys: true, quoteStyle: "double" }));
}

/** See `json_bytes.ts`. */
function itemOf(object: Stored, { type }: Resource): object {
  const { kind: _, apiVersion: _apiVersion, ...rest } = object;
  return type.name === "" ? object : rest;
}

export const yaml: Encoding = {
  ...json,
  listParts: undefined,
  key: "yaml",
  contentType: "application/yaml",
  object: (revision, resource) => write(shownAs(revision, resource).object),
  list: (list, resource) =>
    write({
      apiVersion: apiVersionOf(resource),
      kind: resource.listKind,
      metadata: listMeta(list),
      items: list.items.map((revision) => itemOf(shownAs(revision, resource).object, resource)),
    }),
  value: (value) => write(JSON.parse(decoder.decode(json.value(value)))),
};
