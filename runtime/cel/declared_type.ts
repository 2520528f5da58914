/** What expressions see of a built-in kind: its types as objects with fields, under names that CEL can write. */
import type { ScalarNode, TypeNode } from "../schema/mod.ts";
import {
  bool,
  bytes,
  type CelType,
  double,
  duration,
  dyn,
  type FieldType,
  int,
  intOrString,
  listOf,
  mapOf,
  string,
  timestamp,
} from "./cel_type.ts";

const scalars: Readonly<Record<ScalarNode["type"], CelType>> = {
  string,
  boolean: bool,
  int32: int,
  int64: int,
  double,
  bytes,
  quantity: string,
  intOrString,
  time: timestamp,
  microTime: timestamp,
  duration,
};

const known = new WeakMap<TypeNode, CelType>();

export function declaredType(node: TypeNode): CelType {
  const found = known.get(node);
  if (found) return found;
  const made = makeType(node);
  known.set(node, made);
  return made;
}

function makeType(node: TypeNode): CelType {
  switch (node.type) {
    case "struct":
      return {
        kind: "object",
        name: node.name || "object",
        field: (name) =>
          declaredField(name, (property) => {
            const field = node.fields.get(property);
            return field && declaredType(field.type);
          }),
      };
    case "map":
      return mapOf(string, declaredType(node.values));
    case "list":
      return listOf(declaredType(node.items));
    case "any":
      return dyn;
    default:
      return scalars[node.type];
  }
}

/** Finds a property by the name that an expression gives it: its own, or its escaped one. */
export function declaredField(name: string, find: (property: string) => CelType | undefined): FieldType | undefined {
  const direct = find(name);
  if (direct) return { type: direct, property: name };
  const property = unescapedName(name);
  const type = property === undefined ? undefined : find(property);
  return type && { type, property: property! };
}

/** What stands under the name that an expression gives it. */
export function declaredProperty<T>(name: string, properties: Readonly<Record<string, T>>): T | undefined {
  const known = (one: string) => Object.hasOwn(properties, one) ? properties[one] : undefined;
  return known(name) ?? known(unescapedName(name) ?? name);
}

const escapes: readonly (readonly [string, string])[] = [
  ["__underscores__", "__"],
  ["__dot__", "."],
  ["__dash__", "-"],
  ["__slash__", "/"],
];

/** Words that CEL keeps for itself. */
const keywords = new Set(
  ("true false null in as break const continue else for function if import let loop package namespace return var void " +
    "while").split(" "),
);

function unescapedName(name: string): string | undefined {
  if (!name.includes("__")) return undefined;
  const [, keyword] = /^__(\w+?)__$/.exec(name) ?? [];
  if (keyword && keywords.has(keyword)) return keyword;
  return name.replace(/__(underscores|dot|dash|slash)__/g, (found) => escapes.find(([escape]) => escape === found)![1]);
}

/** `undefined`: CEL cannot write this name, and the property is not seen. */
export function escapedName(property: string): string | undefined {
  if (keywords.has(property)) return `__${property}__`;
  const escaped = property.replace(/__|[.\-/]/g, (part) => escapes.find(([, plain]) => plain === part)![0]);
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}
