/** Definitions for tests: a widget whose schema is the caller's. */
import type { ApiWorld } from "../api/api_world.ts";

// deno-lint-ignore no-explicit-any -- schemas in tests are of every shape, wrong ones too
export type Any = any;

export const widgets = "/apis/example.com/v1/namespaces/default/widgets";
export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export function definition(schema: Any, version: Any = {}, spec: Any = {}) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["wd"] },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
      ...spec,
    },
  };
}

/** A schema with these properties of spec. */
export function specOf(properties: Any, more: Any = {}) {
  return { type: "object", properties: { spec: { type: "object", properties, ...more } } };
}

/** Resolves when the definition is established. */
export async function define(world: ApiWorld, body: Any): Promise<void> {
  const made = await world.call("POST", definitions, body);
  if (made.status !== 201) throw new Error(made.body.message);
  await established(world, body.metadata.name);
}

export async function established(world: ApiWorld, name: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const row = world.api.resources.find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!;
  const look = (conditions: Any[] = []) => {
    if (conditions.some(({ type, status }) => type === "Established" && status === "True")) resolve();
  };
  using _watch = await world.api.registry.watch({ resource: row, namespace: "" }, {}, {
    event: (_type, { object }) => {
      if (object.metadata.name === name) look((object.status as Any)?.conditions);
    },
    bookmark: () => {},
    closed: () => {},
  });
  await promise;
}

export function widget(spec: Any, name = "w") {
  return { apiVersion: "example.com/v1", kind: "Widget", metadata: { name }, spec };
}
