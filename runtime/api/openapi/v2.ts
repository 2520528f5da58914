/**
 * OpenAPI v2 (Swagger): one document of everything, which every kubectl reads for validation, and up to 1.26 for more. It is made
 * in parts, which `v2_forms.ts` joins.
 */
import type { Json, Resource } from "../../schema/mod.ts";
import { Definitions, type Dialect, type Schema } from "./definitions.ts";
import type { Describe } from "./descriptions.ts";
import { addKinds, patchDefinition } from "./kinds.ts";
import { type Operation, type Parameter, pathsOf, rootsOf, successes } from "./operations.ts";
import { withoutV3 } from "./structural.ts";

const ref = (definition: string) => `#/definitions/${definition}`;

const dialect: Dialect = {
  reference: (definition, beside) => ({ ...beside, $ref: ref(definition) }),
  enums: true,
  defaults: false,
};

/** What some kinds bring into the document. */
export interface OpenApiV2Part {
  readonly paths: Readonly<Record<string, Schema>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

/** With every definition that the kinds reach. */
export function openApiV2Part(resources: readonly Resource[], describe: Describe): OpenApiV2Part {
  const definitions = new Definitions(dialect, describe);
  addKinds(definitions, resources.map((resource) => resource.openApi ? forV2(resource) : resource));
  const paths: Record<string, Schema> = {};
  for (const { path, parameters, operations } of [...rootsOf(resources), ...resources.flatMap(pathsOf)]) {
    const item: Schema = parameters.length > 0 ? { parameters: parameters.map(parameterOf) } : {};
    for (const operation of operations) item[operation.method] = operationOf(operation);
    paths[path] = item;
  }
  return { paths, definitions: definitions.schemas };
}

/** The part without the definitions of these names. */
export function besides(names: ReadonlySet<string>, { paths, definitions }: OpenApiV2Part): OpenApiV2Part {
  const own = Object.entries(definitions).filter(([name]) => !names.has(name));
  return { paths, definitions: Object.fromEntries(own) };
}

function forV2(resource: Resource): Resource {
  const { openApi } = resource;
  // A schema that takes anything is told as one that says nothing: old clients check against `properties` all the same.
  if (openApi?.["x-kubernetes-preserve-unknown-fields"]) return { ...resource, openApi: { type: "object" } };
  return { ...resource, openApi: withoutV3(openApi as Json) as Schema };
}

function parameterOf({ name, in: place, type, description }: Parameter): Schema {
  const parameter = { uniqueItems: true, type, description, name, in: place };
  return place === "path" ? { ...parameter, required: true } : parameter;
}

const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

function operationOf(operation: Operation): Schema {
  const { id, tag, action, gvk, method, parameters, body, produces } = operation;
  const schema: Schema = { $ref: ref(body ?? patchDefinition) };
  const patches = method === "patch" && action === "patch";
  const sent: Schema[] = body || patches ? [{ name: "body", in: "body", required: method !== "delete", schema }] : [];
  return {
    consumes: patches ? patchTypes : gvk ? ["*/*"] : [...produces],
    produces: [...produces],
    schemes: ["https"],
    tags: [tag],
    operationId: id,
    ...(sent.length + parameters.length > 0 ? { parameters: [...sent, ...parameters.map(parameterOf)] } : {}),
    responses: responsesOf(operation),
    ...(gvk ? { "x-kubernetes-action": action, "x-kubernetes-group-version-kind": { ...gvk } } : {}),
  };
}

function responsesOf({ answer, codes }: Operation): Schema {
  const schema: Schema = answer ? { $ref: ref(answer) } : { type: "string" };
  return {
    "200": { description: "OK", schema },
    ...Object.fromEntries(codes.map((code) => [code, { description: successes[code], schema }])),
    "401": { description: "Unauthorized" },
  };
}
