/**
 * Functions as data: a signature as text, and what it does. The checker reads the signature's types, the evaluator finds
 * the function by its name and what the values are.
 *
 * Signatures: `size(list<T>): int`, `string.contains(string): bool` (a method), `math.abs(int): int` (a namespaced function,
 * written with its namespace quoted: `"math.abs"(int): int`). Single capitals are type parameters.
 */
import type { Budget } from "./budget.ts";
import { type CelType, dyn, listOf, mapOf, optionalOf, typeNamed } from "./cel_type.ts";
import { typeNameOf } from "./compare.ts";
import { MapValue, ObjectValue, Optional, TypeValue, type Value } from "./value.ts";

export interface Overload {
  readonly name: string;
  readonly member: boolean;
  /** The target first, for methods. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly run: (args: readonly Value[], budget: Budget) => Value;
}

// Arguments are as the signature says when it runs, so that each function may name the types of its own.
// deno-lint-ignore no-explicit-any -- the checked signature gives each argument its type before a call
type Implementation = (...args: any[]) => Value;

const shape = /^(?:"([^"]+)"|(?:(.+?)\.)?(\w+))\(([^()]*)\): (.+)$/;

/** `run` gets the arguments, then the budget. */
export function overload(signature: string, run: Implementation): Overload {
  const [, namespaced, target, name, args, result] = shape.exec(signature)!;
  const params = splitTypes(args!).map(typeIn);
  return {
    name: (namespaced ?? name)!,
    member: target !== undefined,
    params: target === undefined ? params : [typeIn(target), ...params],
    result: typeIn(result!),
    run: (values, budget) => run(...values, budget),
  };
}

/** Several at once, by signature. */
export function overloads(table: Readonly<Record<string, Implementation>>): Overload[] {
  return Object.entries(table).map(([signature, run]) => overload(signature, run));
}

function typeIn(text: string): CelType {
  if (/^[A-Z]$/.test(text)) return { kind: "param", name: text };
  const [, outer, inner] = /^(list|map|optional|type)<(.+)>$/.exec(text) ?? [];
  if (!outer) return typeNamed(text);
  const [first = dyn, second = dyn] = splitTypes(inner!).map(typeIn);
  if (outer === "list") return listOf(first);
  if (outer === "map") return mapOf(first, second);
  return outer === "optional" ? optionalOf(first) : { kind: "type", of: first };
}

/** At commas outside of angle brackets. */
function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "<") depth++;
    if (text[at] === ">") depth--;
    if (text[at] === "," && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  const last = text.slice(from).trim();
  return last ? [...parts, last] : parts;
}

/** Whether a value may be passed where the type stands, as far as its outermost shape tells. */
export function accepts(type: CelType, value: Value): boolean {
  switch (type.kind) {
    case "param":
      return true;
    case "list":
      return Array.isArray(value);
    case "map":
      return value instanceof MapValue || value instanceof ObjectValue;
    case "optional":
      return value instanceof Optional;
    case "type":
      return value instanceof TypeValue;
    case "object":
      return value instanceof ObjectValue || value instanceof MapValue;
    case "plain":
      return type.name === "dyn" || typeNameOf(value) === type.name;
  }
}

/** Overloads by name, for calls and for methods. */
export class FunctionTable {
  readonly #calls = new Map<string, Overload[]>();
  readonly #methods = new Map<string, Overload[]>();
  readonly #namespaces = new Set<string>();

  constructor(all: readonly Overload[]) {
    for (const one of all) {
      const table = one.member ? this.#methods : this.#calls;
      table.set(one.name, [...table.get(one.name) ?? [], one]);
      const dot = one.name.lastIndexOf(".");
      if (dot > 0) this.#namespaces.add(one.name.slice(0, dot));
    }
  }

  find(name: string, member: boolean): readonly Overload[] {
    return (member ? this.#methods : this.#calls).get(name) ?? [];
  }

  /** Whether `name` stands before namespaced functions, as `math` in `math.abs(x)`. */
  isNamespace(name: string): boolean {
    return this.#namespaces.has(name);
  }
}
