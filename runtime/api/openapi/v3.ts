/**
 * OpenAPI v3: an index whose URLs carry the hash of what they lead to, and one document a group-version, so that clients
 * read what they need and keep it for good (KEP-2896).
 */
import { createHash } from "node:crypto";
import type { Json, Resource } from "../../schema/mod.ts";
import { Definitions, type Dialect, type Schema } from "./definitions.ts";
import type { Describe } from "./descriptions.ts";
import { addKinds, patchDefinition } from "./kinds.ts";
import { type Operation, type Parameter, type Path, pathsOf, rootsOf, successes } from "./operations.ts";

const ref = (definition: string) => `#/components/schemas/${definition}`;

/** A reference stands alone in v3, so what is said beside it goes around it. */
const dialect: Dialect = {
  reference: (definition, beside): Schema => {
    const reference = { $ref: ref(definition) };
    return Object.keys(beside).length === 0 ? reference : { ...beside, allOf: [reference] };
  },
  enums: true,
  defaults: true,
};

const nothingToSay: Describe = () => undefined;

/** `api/v1`, `apis/apps/v1`: what the index lists and what `/openapi/v3/<path>` serves. */
function pathOf({ group, version }: Resource): string {
  return group ? `apis/${group}/${version}` : `api/${version}`;
}

/** `/openapi/v3` */
export function openApiV3Index(resources: readonly Resource[]): Json {
  const byPath = new Map<string, Resource[]>();
  for (const resource of resources) {
    const path = pathOf(resource);
    const known = byPath.get(path);
    if (known) known.push(resource);
    else byPath.set(path, [resource]);
  }
  const paths: Record<string, Json> = {};
  for (const [path, rows] of byPath) {
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(rows)}` };
  }
  return { paths };
}

const rowHashes = new WeakMap<Resource, string>();

/** Of everything that the document says but its descriptions, which only change with the program. */
function hashOf(rows: readonly Resource[]): string {
  const hash = createHash("sha512");
  for (const row of rows) hash.update(rowHash(row));
  return hash.digest("hex").toUpperCase();
}

function rowHash(row: Resource): string {
  const known = rowHashes.get(row);
  if (known) return known;
  const text = JSON.stringify(documentOf([row], nothingToSay));
  const made = createHash("sha512").update(text).digest("hex");
  rowHashes.set(row, made);
  return made;
}

/** `/openapi/v3/<path>`, where path is as the index lists it; undefined when nothing of it is served. */
export function openApiV3(path: string, resources: readonly Resource[], describe: Describe): Json | undefined {
  const rows = resources.filter((resource) => pathOf(resource) === path);
  return rows.length > 0 ? documentOf(rows, describe) : undefined;
}

/** A group has no document of its own here: that of a version tells of the version. */
function ownRoot({ path }: Path): boolean {
  return path.split("/").length > (path.startsWith("/apis/") ? 4 : 3);
}

function documentOf(rows: readonly Resource[], describe: Describe): Json {
  const definitions = new Definitions(dialect, describe);
  addKinds(definitions, rows);
  const paths: Record<string, Schema> = {};
  for (const { path, parameters, operations } of [...rootsOf(rows).filter(ownRoot), ...rows.flatMap(pathsOf)]) {
    const item: Schema = parameters.length > 0 ? { parameters: parameters.map(parameterOf) } : {};
    for (const operation of operations) item[operation.method] = operationOf(operation);
    paths[path] = item;
  }
  const { schemas } = definitions;
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: "v1.36.0" }, paths, components: { schemas } };
}

function parameterOf({ name, in: place, type, description }: Parameter): Schema {
  const parameter = { name, in: place, description, schema: { type, uniqueItems: true } };
  return place === "path" ? { ...parameter, required: true } : parameter;
}

const patchTypes = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

function operationOf(operation: Operation): Schema {
  const { id, tag, action, gvk, method, parameters, body } = operation;
  const patch = { $ref: ref(patchDefinition) };
  const content = method === "patch" && action === "patch"
    ? Object.fromEntries(patchTypes.map((type) => [type, { schema: patch }]))
    : body && { "*/*": { schema: { $ref: ref(body) } } };
  return {
    tags: [tag],
    operationId: id,
    ...(parameters.length > 0 ? { parameters: parameters.map(parameterOf) } : {}),
    ...(content ? { requestBody: { content, ...(method === "delete" ? {} : { required: true }) } } : {}),
    responses: responsesOf(operation),
    ...(gvk ? { "x-kubernetes-action": action, "x-kubernetes-group-version-kind": { ...gvk } } : {}),
  };
}

function responsesOf({ answer, produces, codes }: Operation): Schema {
  const schema: Schema = answer ? { $ref: ref(answer) } : { type: "string" };
  const content = Object.fromEntries(produces.map((type) => [type, { schema }]));
  return {
    "200": { description: "OK", content },
    ...Object.fromEntries(codes.map((code) => [code, { description: successes[code], content }])),
    "401": { description: "Unauthorized" },
  };
}
