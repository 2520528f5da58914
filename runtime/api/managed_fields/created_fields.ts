/**
 * The fields of new objects. What is made one after another is mostly alike (the pods of a ReplicaSet), and then the set of the
 * object before is the set of this one: seen by comparing the two, without making anything.
 *
 * Law: the answer is what `make` would give.
 */
import type { Json, KubeObject, ListNode, TypeNode } from "../../schema/mod.ts";
import type { FieldSet } from "./field_set.ts";
import { type Fields, itemElement, shapeOf, untyped } from "./shape.ts";
import { shared } from "./shared_sets.ts";

/** The newest object of each type, as far as its fields go. */
const latest = new WeakMap<TypeNode, { readonly like: Json; readonly set: FieldSet | undefined }>();

/** `make`: the set of this object; it is given away. */
export function createdFields(type: TypeNode, object: KubeObject, make: () => FieldSet | undefined) {
  const known = latest.get(type);
  if (known && alike(type, known.like, object as Json)) return known.set;
  const made = make();
  const set = made && shared(made);
  latest.set(type, { like: outline(object as Json), set });
  return set;
}

/** Whether two values have the same fields and items; may say no of two that have. */
function alike(type: TypeNode, a: Json, b: Json): boolean {
  if (typeof a !== typeof b || (a === null) !== (b === null)) return false;
  if (typeof a !== "object" || a === null) return true;
  const shape = shapeOf(type, a);
  if (shape !== shapeOf(type, b)) return false;
  if (shape === "leaf") return isEmpty(a) === isEmpty(b as object);
  return shape === "fields" ? alikeFields(type, a as Fields, b as Fields) : alikeItems(type as ListNode, a, b);
}

function alikeFields(type: TypeNode, a: Fields, b: Fields): boolean {
  let members = 0;
  for (const name in a) {
    const other = b[name];
    if (other === undefined || !alike(memberType(type, name), a[name]!, other)) return false;
    members++;
  }
  for (const name in b) if (b[name] !== undefined) members--;
  return members === 0;
}

function alikeItems(type: ListNode, a: Json, b: Json): boolean {
  const [list, other] = [a as Json[], b as Json[]];
  return list.length === other.length &&
    list.every((item, at) => sameIdentity(type, item, other[at]!) && alike(type.items, item, other[at]!));
}

function sameIdentity(type: ListNode, a: Json, b: Json): boolean {
  const [item, other] = [a as Fields, b as Fields];
  const isKeyed = type.listType === "map" && typeof a === "object" && typeof b === "object" && a !== null && b !== null;
  if (isKeyed) return type.keys.every((key) => item[key] === other[key]);
  return a === b || itemElement(type, a) === itemElement(type, b);
}

function memberType(type: TypeNode, name: string): TypeNode {
  if (type.type === "map") return type.values;
  if (type.type !== "struct") return untyped;
  return type.fields.get(name)?.type ?? type.additional ?? untyped;
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

/** Longer texts are no identities, and are not worth keeping. */
const longestText = 256;

/** A copy with all that `alike` looks at. */
function outline(value: Json): Json {
  if (typeof value === "string") return value.length > longestText ? "" : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(outline);
  const copy: Fields = {};
  for (const name in value) if (value[name] !== undefined) copy[name] = outline(value[name]!);
  return copy;
}
