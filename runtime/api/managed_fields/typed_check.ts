/** What an applied object may not be: of fields that its type doesn't know, or with two items of one identity. */
import {
  apiVersionOf,
  type Json,
  type KubeObject,
  type ListNode,
  type Resource,
  StatusError,
} from "../../schema/mod.ts";
import type { TypeNode } from "../../schema/mod.ts";
import { printPath } from "./conflicts.ts";
import { childOf, type Fields, itemsOf, shapeOf } from "./shape.ts";

export function checkApplied(resource: Resource, applied: KubeObject): void {
  const problems = [...problemsOf(resource.type, applied as Json, [])];
  if (problems.length === 0) return;
  const { namespace = "", name = "" } = applied.metadata ?? {};
  const what = `${namespace}/${name}; ${apiVersionOf(resource)}, Kind=${resource.kind}`;
  const text = problems.length === 1 ? problems[0] : `errors:\n  ${problems.join("\n  ")}`;
  throw new StatusError("BadRequest", `failed to create typed patch object (${what}): ${text}`);
}

function* problemsOf(type: TypeNode, value: Json, path: readonly string[]): Generator<string> {
  const shape = shapeOf(type, value);
  if (shape === "fields") yield* fieldProblems(type, value as Fields, path);
  if (shape === "items") yield* itemProblems(type as ListNode, value as Json[], path);
}

function* fieldProblems(type: TypeNode, fields: Fields, path: readonly string[]): Generator<string> {
  for (const name in fields) {
    const child = childOf(type, name);
    const below = [...path, child.element];
    if (!child.declared) yield `${printPath(below)}: field not declared in schema`;
    else yield* problemsOf(child.type, fields[name]!, below);
  }
}

function* itemProblems(type: ListNode, list: Json[], path: readonly string[]): Generator<string> {
  const { byElement, duplicated } = itemsOf(type, list);
  for (const [element, item] of byElement) {
    const below = [...path, element];
    if (duplicated.has(element)) yield `${printPath(path)}: duplicate entries for key ${printPath([element])}`;
    else if (element === "k:{}") {
      yield `${printPath(path)}: element 0: associative list with keys has an element that omits key field ${
        JSON.stringify(type.keys[0])
      } (and doesn't have default value)`;
    } else yield* problemsOf(type.items, item, below);
  }
}
