/**
 * Walks the tree and comes to a value, spending from a budget at every step.
 *
 * Law: `&&`, `||`, `all` and `exists` are true or false as soon as one side says so, even when another side fails; nothing
 * swallows the end of the budget.
 */
import type { CallNode, MapNode, MessageNode, Node, SelectNode } from "./ast.ts";
import type { Budget } from "./budget.ts";
import { typeIdentifier } from "./cel_type.ts";
import { typeNameOf } from "./compare.ts";
import { EvaluationError } from "./issue.ts";
import { runLoop } from "./loop.ts";
import { negated, operators } from "./operators.ts";
import { accepts, type FunctionTable } from "./overload.ts";
import { qualifiedName } from "./parser.ts";
import { attempt, type Scope, truth, within } from "./scope.ts";
import { isKey, MapValue, ObjectValue, Optional, TypeValue, type Value } from "./value.ts";

export interface Run {
  readonly functions: FunctionTable;
  readonly budget: Budget;
}

/** Throws EvaluationError and CostError. */
export function evaluate(node: Node, scope: Scope, run: Run): Value {
  run.budget.spend(1);
  switch (node.op) {
    case "literal":
      return node.value;
    case "ident":
      return named(node.name, scope);
    case "select":
      return select(node, scope, run);
    case "call":
      return call(node, scope, run);
    case "list":
      return node.items.flatMap((item) => {
        const value = evaluate(item.node, scope, run);
        return item.optional ? present(value) : [value];
      });
    case "map":
      return mapLiteral(node, scope, run);
    case "message":
      return message(node, scope, run);
    case "bind":
      return evaluate(node.body, within(scope, node.name, evaluate(node.value, scope, run)), run);
    case "loop":
      return runLoop({ node, scope }, run.budget, (inner, names) => evaluate(inner, names, run));
  }
}

function named(name: string, scope: Scope): Value {
  const found = scope.lookup(name);
  if (found !== undefined) return found;
  const type = typeIdentifier(name);
  if (type?.kind !== "type") throw new EvaluationError(`no such attribute: ${name}`);
  const { of } = type;
  return new TypeValue(of.kind === "plain" ? of.name : of.kind);
}

/** What `?` adds to a list: one value or none. */
function present(value: Value): Value[] {
  if (!(value instanceof Optional)) throw new EvaluationError("no such overload");
  return value.value === undefined ? [] : [value.value];
}

function select(node: SelectNode, scope: Scope, run: Run): Value {
  const name = node.test ? undefined : qualifiedName(node);
  const whole = name ? scope.lookup(name) : undefined;
  if (whole !== undefined) return whole;
  if (name && typeIdentifier(name)) return new TypeValue(name);
  const operand = evaluate(node.operand, scope, run);
  const chained = operand instanceof Optional;
  const inner = chained ? operand.value : operand;
  const found = inner === undefined ? undefined : fieldOf(inner, node.field);
  if (node.test) return found !== undefined;
  if (chained || node.optional) return found === undefined ? Optional.none : new Optional(found);
  if (found === undefined) throw new EvaluationError(`no such key: ${node.field}`);
  return found;
}

function fieldOf(value: Value, field: string): Value | undefined {
  if (value instanceof MapValue || value instanceof ObjectValue) return value.get(field);
  throw new EvaluationError(`no such overload: ${typeNameOf(value)}.${field}`);
}

type Special = (args: readonly Node[], scope: Scope, run: Run) => Value;

const specials: Readonly<Record<string, Special>> = {
  "_&&_": ([a, b], scope, run) => decided(a!, b!, false, { scope, run }),
  "_||_": ([a, b], scope, run) => decided(a!, b!, true, { scope, run }),
  "_?_:_": ([test, yes, no], scope, run) => evaluate(truth(evaluate(test!, scope, run)) ? yes! : no!, scope, run),
  "!_": ([a], scope, run) => !truth(evaluate(a!, scope, run)),
  "-_": ([a], scope, run) => negated(evaluate(a!, scope, run)),
};

function decided(a: Node, b: Node, decisive: boolean, { scope, run }: { scope: Scope; run: Run }): boolean {
  const left = attempt(() => truth(evaluate(a, scope, run)));
  if (left === decisive) return decisive;
  const right = truth(evaluate(b, scope, run));
  if (right === decisive || typeof left === "boolean") return right;
  throw left;
}

function call(node: CallNode, scope: Scope, run: Run): Value {
  const special = specials[node.name];
  if (special) return special(node.args, scope, run);
  const operator = operators[node.name];
  if (operator) {
    return operator(evaluate(node.args[0]!, scope, run), evaluate(node.args[1]!, scope, run), run.budget);
  }
  const namespace = node.target && qualifiedName(node.target);
  if (namespace && run.functions.isNamespace(namespace) && scope.lookup(namespace) === undefined) {
    return dispatch(`${namespace}.${node.name}`, false, node.args, { scope, run });
  }
  return dispatch(node.name, node.target !== undefined, node.target ? [node.target, ...node.args] : node.args, {
    scope,
    run,
  });
}

function dispatch(name: string, member: boolean, args: readonly Node[], { scope, run }: { scope: Scope; run: Run }) {
  const values = args.map((arg) => evaluate(arg, scope, run));
  const fitting = run.functions.find(name, member).find(({ params }) =>
    params.length === values.length && params.every((param, i) => accepts(param, values[i]!))
  );
  if (!fitting) throw new EvaluationError(`no such overload: ${name}(${values.map(typeNameOf).join(", ")})`);
  return fitting.run(values, run.budget);
}

function mapLiteral(node: MapNode, scope: Scope, run: Run): Value {
  const map = new MapValue();
  for (const entry of node.entries) {
    const key = evaluate(entry.key, scope, run);
    if (!isKey(key)) throw new EvaluationError(`unsupported key type: ${typeNameOf(key)}`);
    if (map.get(key) !== undefined) throw new EvaluationError(`insert failed: key ${String(key)} already exists`);
    const value = evaluate(entry.value, scope, run);
    for (const one of entry.optional ? present(value) : [value]) map.set(key, one);
  }
  return map;
}

function message(node: MessageNode, scope: Scope, run: Run): Value {
  const map = new MapValue();
  for (const field of node.fields) {
    const value = evaluate(field.value, scope, run);
    for (const one of field.optional ? present(value) : [value]) map.set(field.name, one);
  }
  return map;
}
