/** YAML answers; rare, so nothing is kept. Watches have no YAML form. */
import { dump } from "js-yaml";
import { apiVersionOf } from "../../schema/mod.ts";
import { shownAs } from "../objects/versions.ts";
import { type Encoding, listMeta } from "./encodings.ts";
import { json } from "./json_bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function write(value: unknown): Uint8Array {
  return encoder.encode(dump(value, { noRefs: true, lineWidth: -1 }));
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
      items: list.items.map((revision) => shownAs(revision, resource).object),
    }),
  value: (value) => write(JSON.parse(decoder.decode(json.value(value)))),
};
