/**
 * How server-side apply sees a value: as one leaf, as named fields, or as a list whose items have identities. What does not
 * look like its type is a leaf; validation is where it is refused.
 */
import type { Json, ListNode, StructNode, TypeNode } from "../../schema/mod.ts";

export type Fields = { [field: string]: Json };

export type Shape = "leaf" | "fields" | "items";

/** Values of unknown type: fields are owned one by one, lists as a whole; those of built-in kinds (`rawExtension`) as a whole too. */
export const untyped: TypeNode = { type: "any", embeddedResource: false };

export function shapeOf(type: TypeNode, value: Json | undefined): Shape {
  if (value === null || typeof value !== "object") return "leaf";
  switch (type.type) {
    case "struct":
    case "map":
      return type.atomic || Array.isArray(value) ? "leaf" : "fields";
    case "any":
      return Array.isArray(value) || type.wire ? "leaf" : "fields";
    case "list":
      return type.listType === "atomic" || !Array.isArray(value) ? "leaf" : "items";
    default:
      return "leaf";
  }
}

export interface Child {
  /** `f:name` */
  readonly element: string;
  readonly type: TypeNode;
  /** What upstream holds where the field is absent: Go writes empty structs and required lists without being asked. */
  readonly implied?: Json;
  /** False where the type doesn't know such a field. */
  readonly declared: boolean;
  /** Null is a value of its own, as custom resources may have it. */
  readonly nullable?: boolean;
  /** Its name is not the type's: like an item of a list, it is there by being named. */
  readonly free?: boolean;
}

const children = new WeakMap<StructNode, Map<string, Child>>();

export function childOf(type: TypeNode, name: string): Child {
  if (type.type !== "struct") {
    return {
      element: `f:${name}`,
      type: type.type === "map" ? type.values : untyped,
      declared: true,
      free: true,
      nullable: true,
    };
  }
  let known = children.get(type);
  if (!known) children.set(type, known = new Map());
  const child = known.get(name);
  if (child) return child;
  const made = structChild(type, name);
  // Only declared names are remembered: whatever clients send must not grow the cache.
  if (type.fields.has(name)) known.set(name, made);
  return made;
}

function structChild(struct: StructNode, name: string): Child {
  const field = struct.fields.get(name);
  const element = `f:${name}`;
  if (!field) {
    const declared = struct.preserveUnknown || !!struct.additional;
    return { element, type: struct.additional ?? untyped, declared, free: true };
  }
  const builtin = struct.name !== "";
  const { type } = field;
  if (builtin && type.type === "struct" && !field.pointer) return { element, type, declared: true, implied: {} };
  if (builtin && field.required && type.type === "list") return { element, type, declared: true, implied: [] };
  if (builtin && field.required && type.type === "map") return { element, type, declared: true, implied: {} };
  return { element, type, declared: true, nullable: field.nullable };
}

/** Items by path element, in order. An identity that occurs more than once stands for all its items, as a list. */
export interface Items {
  readonly byElement: Map<string, Json>;
  readonly duplicated: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

export function itemsOf(type: ListNode, list: Json[]): Items {
  const byElement = new Map<string, Json>();
  let duplicated: Set<string> | undefined;
  for (const item of list) {
    const element = itemElement(type, item);
    const present = byElement.get(element);
    if (present === undefined) byElement.set(element, item);
    else if (type.listType === "map") {
      duplicated ??= new Set();
      byElement.set(element, duplicated.has(element) ? [...present as Json[], item] : [present, item]);
      duplicated.add(element);
    }
  }
  return { byElement, duplicated: duplicated ?? none };
}

/** `v:"x"`, or `k:{"containerPort":80,"protocol":"TCP"}` with defaults filled in. */
export function itemElement(type: ListNode, item: Json): string {
  if (type.listType === "set" || item === null || typeof item !== "object" || Array.isArray(item)) {
    return `v:${JSON.stringify(item)}`;
  }
  const keys: string[] = [];
  for (const key of sortedKeys(type)) {
    const value = item[key] ?? keyDefault(type, key);
    if (value !== undefined) keys.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  }
  return `k:{${keys.join(",")}}`;
}

const keyOrder = new WeakMap<ListNode, readonly string[]>();

function sortedKeys(type: ListNode): readonly string[] {
  const known = keyOrder.get(type);
  if (known) return known;
  const order = [...type.keys].sort();
  keyOrder.set(type, order);
  return order;
}

/** A key that Go cannot leave out has its zero value. */
function keyDefault({ items }: ListNode, key: string): Json | undefined {
  if (items.type !== "struct") return undefined;
  const field = items.fields.get(key);
  if (!field || field.default !== undefined) return field?.default;
  if (items.name === "" || !field.required) return undefined;
  return field.type.type === "string" ? "" : field.type.type === "int32" ? 0 : undefined;
}
