/** The definitions of served kinds: each object, its list, and the bodies of its subresources. */
import { type Json, type Resource, structNamed } from "../../schema/mod.ts";
import type { Definitions, Schema } from "./definitions.ts";
import { definitionName, type Gvk, kindDefinition, metaDefinition, structOfKind } from "./names.ts";

const GVK = "x-kubernetes-group-version-kind";

/** Kinds of meta/v1 that any request may carry or get. */
const common = ["DeleteOptions", "Status", "WatchEvent", "APIResourceList", "APIGroup", "APIGroupList", "APIVersions"];

export function addKinds(definitions: Definitions, resources: readonly Resource[]): void {
  for (const name of common) {
    const struct = structNamed(`meta/v1.${name}`);
    if (struct) definitions.refer(struct);
  }
  definitions.schemas[patchDefinition] ??= {
    description: "The body of a PATCH: its form is its media type's.",
    type: "object",
  };
  for (const resource of resources) {
    addObject(definitions, resource);
    if (resource.verbs.includes("list")) addList(definitions, resource);
    for (const body of resource.subresources) addSubresource(definitions, body);
  }
}

function addObject(definitions: Definitions, resource: Resource): void {
  const name = kindDefinition(resource);
  if (resource.type.name) definitions.refer(resource.type);
  else definitions.schemas[name] = customObject(definitions, resource);
  mark(definitions, name, resource);
}

/** The schema as its author wrote it, with the fields that every object has. */
function customObject(definitions: Definitions, resource: Resource): Schema {
  const schema = resource.openApi ? structuredClone(resource.openApi) as Schema : definitions.schemaOf(resource.type);
  const meta = definitions.refer(structNamed("meta/v1.ObjectMeta")!, { description: "Standard object's metadata." });
  const properties = { ...definitions.typeMeta(), ...schema.properties as Schema | undefined, metadata: meta };
  return { ...schema, type: "object", properties };
}

function addList(definitions: Definitions, resource: Resource): void {
  const { group, version, listKind } = resource;
  const name = `${kindDefinition(resource)}List`;
  const items: Json = { type: "array", items: definitions.reference(kindDefinition(resource)) };
  const metadata = definitions.refer(structNamed("meta/v1.ListMeta")!, {
    description: "Standard list metadata.",
    ...definitions.zero(),
  });
  definitions.schemas[name] = {
    description: `${listKind} is a list of ${resource.kind}`,
    type: "object",
    required: ["items"],
    properties: { ...definitions.typeMeta(), items, metadata },
  };
  mark(definitions, name, { group, version, kind: listKind });
}

function addSubresource(definitions: Definitions, body: Gvk): void {
  const struct = structOfKind(body);
  // What is only asked for in the query has no body.
  if (!struct || body.kind.endsWith("Options")) return;
  definitions.refer(struct);
  mark(definitions, definitionName(struct.name), body);
}

function mark(definitions: Definitions, name: string, { group, version, kind }: Gvk): void {
  definitions.schemas[name]![GVK] = [{ group, kind, version }];
}

/** What a request or an answer of that kind carries, or undefined where the kind has no definition (a stream). */
export function definitionOfKind(resource: Resource, body: Gvk): string | undefined {
  if (body.group === resource.group && body.version === resource.version && body.kind === resource.kind) {
    return kindDefinition(resource);
  }
  const struct = structOfKind(body);
  return struct && definitionName(struct.name);
}

export const statusDefinition = metaDefinition("Status");
export const patchDefinition = metaDefinition("Patch");
export const eventDefinition = metaDefinition("WatchEvent");
export const deleteOptionsDefinition = metaDefinition("DeleteOptions");
