/**
 * Finds out before an expression runs which names, fields and functions it uses wrongly, and what type it has. Issues are
 * worded as cel-go words them.
 */
import type { CallNode, LoopNode, MessageNode, Node, SelectNode } from "./ast.ts";
import {
  type Bindings,
  bool,
  type CelType,
  dyn,
  filled,
  fits,
  int,
  isDyn,
  joined,
  listOf,
  mapOf,
  type ObjectType,
  optionalOf,
  shownType,
  typeIdentifier,
  typeNamed,
} from "./cel_type.ts";
import { typeNameOf } from "./compare.ts";
import { EvaluationError, type Issue } from "./issue.ts";
import { pattern } from "./library/regex.ts";
import type { FunctionTable, Overload } from "./overload.ts";
import { operatorSignatures } from "./operator_signatures.ts";
import { qualifiedName } from "./parser.ts";
import { parseDuration, parseTimestamp } from "./value.ts";

export interface CheckScope {
  type(name: string): CelType | undefined;
}

export interface Checking {
  readonly functions: FunctionTable;
  /** Types that can be made in an expression, such as `Object.spec`. */
  readonly message?: (name: string) => ObjectType | undefined;
  readonly issues: Issue[];
  /** Lists and maps may hold values of several types: what is put into a text may. */
  readonly mixed?: boolean;
}

export function typeOf(node: Node, scope: CheckScope, checking: Checking): CelType {
  switch (node.op) {
    case "literal":
      return typeNamed(typeNameOf(node.value));
    case "ident":
      return identifier(node.name, node.pos, scope, checking);
    case "select":
      return selected(node, scope, checking);
    case "call":
      return called(node, scope, checking);
    case "list": {
      const types = node.items.map((item) => unwrapped(typeOf(item.node, scope, checking), item.optional));
      sameTypes(types, node.items.map((item) => item.node.pos), checking);
      return listOf(joined(types));
    }
    case "map": {
      const keys = node.entries.map(({ key }) => typeOf(key, scope, checking));
      const values = node.entries.map(({ value, optional }) => unwrapped(typeOf(value, scope, checking), optional));
      sameTypes(keys, node.entries.map(({ key }) => key.pos), checking);
      sameTypes(values, node.entries.map(({ value }) => value.pos), checking);
      return mapOf(joined(keys), joined(values));
    }
    case "message":
      return made(node, scope, checking);
    case "bind":
      return typeOf(node.body, withName(scope, node.name, typeOf(node.value, scope, checking)), checking);
    case "loop":
      return looped(node, scope, checking);
  }
}

function unwrapped(type: CelType, optional: boolean): CelType {
  return optional && type.kind === "optional" ? type.value : type;
}

function withName(scope: CheckScope, name: string, type: CelType): CheckScope {
  return { type: (wanted) => wanted === name ? type : scope.type(wanted) };
}

function identifier(name: string, pos: number, scope: CheckScope, { issues }: Checking): CelType {
  const found = scope.type(name) ?? typeIdentifier(name);
  if (found) return found;
  issues.push({ pos, message: `undeclared reference to '${name}' (in container '')` });
  return dyn;
}

function selected(node: SelectNode, scope: CheckScope, checking: Checking): CelType {
  const name = node.test ? undefined : qualifiedName(node);
  const named = name ? scope.type(name) ?? typeIdentifier(name) : undefined;
  if (named) return named;
  const operand = typeOf(node.operand, scope, checking);
  const chained = operand.kind === "optional";
  const type = fieldType(chained ? operand.value : operand, node, checking);
  if (node.test) return bool;
  return chained || node.optional ? optionalOf(type) : type;
}

function fieldType(operand: CelType, { field, pos }: SelectNode, { issues }: Checking): CelType {
  if (isDyn(operand)) return dyn;
  if (operand.kind === "map") return operand.value;
  if (operand.kind === "object") {
    const found = operand.field(field);
    if (found) return found.type;
    issues.push({ pos, message: `undefined field '${field}'` });
    return dyn;
  }
  issues.push({ pos, message: `type '${shownType(operand)}' does not support field selection` });
  return dyn;
}

function called(node: CallNode, scope: CheckScope, checking: Checking): CelType {
  const operator = operatorSignatures.get(node.name);
  if (operator) return resolved(node, operator, node.args.map((arg) => typeOf(arg, scope, checking)), checking);
  const namespace = node.target && qualifiedName(node.target);
  if (namespace && checking.functions.isNamespace(namespace) && !scope.type(namespace)) {
    return function_(`${namespace}.${node.name}`, node, node.args, { scope, checking, member: false });
  }
  const member = node.target !== undefined;
  return function_(node.name, node, member ? [node.target!, ...node.args] : node.args, { scope, checking, member });
}

/** What is written as one list or map is of one type. */
function sameTypes(types: readonly CelType[], places: readonly number[], { issues, mixed }: Checking): void {
  if (mixed) return;
  const shown = types.map(shownType);
  const first = shown.find((type) => !type.includes("dyn"));
  const odd = shown.findIndex((type) => type !== first && !type.includes("dyn"));
  if (odd < 0) return;
  const message = `expected type '${first}' but found '${shown[odd]}'`;
  issues.push({ pos: places[odd]!, message });
}

/** Functions that read a text, which is told before anything runs where it can be seen to be none of theirs. */
const readers: ReadonlyMap<string, (text: string) => unknown> = new Map<string, (text: string) => unknown>([
  ["matches", pattern],
  ["duration", parseDuration],
  ["timestamp", parseTimestamp],
]);

function readable(name: string, text: Node | undefined, { issues }: Checking): void {
  const read = readers.get(name);
  if (!read || text?.op !== "literal" || typeof text.value !== "string") return;
  try {
    read(text.value);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    issues.push({ pos: text.pos, message: `invalid ${name} argument` });
  }
}

interface Place {
  readonly scope: CheckScope;
  readonly checking: Checking;
  readonly member: boolean;
}

function function_(name: string, node: CallNode, args: readonly Node[], { scope, checking, member }: Place): CelType {
  const within = name === "format" ? { ...checking, mixed: true } : checking;
  const types = args.map((arg) => typeOf(arg, scope, within));
  const candidates = checking.functions.find(name, member);
  if (candidates.length === 0) {
    checking.issues.push({ pos: node.pos, message: `undeclared reference to '${name}' (in container '')` });
    return dyn;
  }
  readable(name, args.at(-1), checking);
  return resolved({ ...node, name }, candidates, types, checking, member);
}

/** The type that a call has; of several that fit, one that all agree on. */
function resolved(
  { name, pos }: CallNode,
  candidates: readonly Pick<Overload, "params" | "result">[],
  types: readonly CelType[],
  { issues }: Checking,
  member = false,
): CelType {
  const results: CelType[] = [];
  for (const { params, result } of candidates) {
    const bound: Bindings = new Map();
    if (params.length !== types.length || !params.every((param, i) => fits(param, types[i]!, bound))) continue;
    results.push(filled(result, bound));
  }
  if (results.length > 0) return joined(results);
  const shown = types.map(shownType);
  const applied = member ? `${shown[0]}.(${shown.slice(1).join(", ")})` : `(${shown.join(", ")})`;
  issues.push({ pos, message: `found no matching overload for '${name}' applied to '${applied}'` });
  return dyn;
}

function made(node: MessageNode, scope: CheckScope, checking: Checking): CelType {
  const type = checking.message?.(node.name);
  if (!type) {
    checking.issues.push({ pos: node.pos, message: `undeclared reference to '${node.name}' (in container '')` });
    return dyn;
  }
  for (const { name, value, optional, pos } of node.fields) {
    const given = unwrapped(typeOf(value, scope, checking), optional);
    const field = type.field(name);
    if (!field) checking.issues.push({ pos, message: `undefined field '${name}'` });
    else if (!fits(field.type, given, new Map())) {
      const message = `expected type of field '${name}' is '${shownType(field.type)}' but provided type is '${
        shownType(given)
      }'`;
      checking.issues.push({ pos, message });
    }
  }
  return type;
}

function looped(node: LoopNode, scope: CheckScope, checking: Checking): CelType {
  const range = typeOf(node.range, scope, checking);
  const names = nameTypes(node, range);
  if (!names) {
    const message =
      `expression of type '${shownType(range)}' cannot be range of a comprehension (must be list, map, or ` +
      "dynamic)";
    checking.issues.push({ pos: node.range.pos, message });
  }
  const inner = node.names.reduce((outer, name, i) => withName(outer, name, names?.[i] ?? dyn), scope);
  if (node.filter) mustBeBool(node.filter, typeOf(node.filter, inner, checking), checking);
  const body = typeOf(node.body, inner, checking);
  return loopType(node, range, body, checking);
}

/** `undefined`: nothing to go through. */
function nameTypes({ kind, names }: LoopNode, range: CelType): readonly CelType[] | undefined {
  const two = names.length === 2;
  if (kind === "optMap" || kind === "optFlatMap") {
    return range.kind === "optional" ? [range.value] : isDyn(range) ? [dyn] : undefined;
  }
  if (range.kind === "list") return two ? [int, range.item] : [range.item];
  if (range.kind === "map") return two ? [range.key, range.value] : [range.key];
  return isDyn(range) ? [dyn, dyn] : undefined;
}

function mustBeBool(node: Node, type: CelType, { issues }: Checking): void {
  if (isDyn(type) || type === bool) return;
  issues.push({ pos: node.pos, message: `expected type 'bool' but found '${shownType(type)}'` });
}

function loopType(node: LoopNode, range: CelType, body: CelType, checking: Checking): CelType {
  const key = range.kind === "map" ? range.key : range.kind === "list" ? int : dyn;
  switch (node.kind) {
    case "all":
    case "exists":
    case "exists_one":
      mustBeBool(node.body, body, checking);
      return bool;
    case "filter":
      mustBeBool(node.body, body, checking);
      return range.kind === "list" ? range : listOf(range.kind === "map" ? key : dyn);
    case "sortBy":
      return range.kind === "list" ? range : listOf(dyn);
    case "map":
    case "transformList":
      return listOf(body);
    case "transformMap":
      return mapOf(key, body);
    case "transformMapEntry":
      return body.kind === "map" ? body : mapOf(dyn, dyn);
    case "optMap":
      return optionalOf(body);
    case "optFlatMap":
      return body;
  }
}
