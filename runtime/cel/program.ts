/** Expressions compiled once and run often. */
import type { Node } from "./ast.ts";
import type { Budget } from "./budget.ts";
import { type CelType, fits, isDyn, type ObjectType, shownType } from "./cel_type.ts";
import { type Checking, typeOf } from "./check.ts";
import { type Bounds, estimate } from "./estimate.ts";
import { evaluate } from "./evaluate.ts";
import { CompileError } from "./issue.ts";
import { kubernetesFunctions } from "./library/kubernetes.ts";
import { parse } from "./parser.ts";
import type { Value } from "./value.ts";

export interface Environment {
  /** By name. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** Types that an expression can make, such as `Object.spec`. */
  readonly message?: (name: string) => ObjectType | undefined;
  /** What the expression must come to; absent: anything. */
  readonly result?: readonly CelType[];
}

export interface Program {
  readonly text: string;
  readonly type: CelType;
  /** Names that stand free in it. */
  readonly names: ReadonlySet<string>;
  /** `variables`: each is asked for when the expression needs it. Throws EvaluationError and CostError. */
  run(variables: Variables, budget: Budget): Value;
  /** Steps that it takes at most, when its variables are no larger than this. */
  cost(bounds: Bounds): number;
}

/** `undefined`: there is no such name. */
export type Variables = (name: string) => Value | undefined;

/** Throws CompileError. */
export function compile(text: string, environment: Environment): Program {
  const tree = parse(text);
  const checking: Checking = { functions: kubernetesFunctions, message: environment.message, issues: [] };
  const { variables, result } = environment;
  const names = new Set<string>();
  const type = typeOf(tree, { type: (name) => declared(variables, name, names) }, checking);
  if (checking.issues.length > 0) throw new CompileError(checking.issues, text);
  // What may be anything is none of them: whoever means it says so by a comparison or a conversion.
  if (result && (isDyn(type) || !result.some((wanted) => fits(wanted, type, new Map())))) {
    throw new ResultTypeError(result, type, text);
  }
  return {
    text,
    type,
    names,
    run: (values, budget) => run(tree, values, budget),
    cost: (bounds) => estimate(tree, bounds).cost,
  };
}

function declared(variables: Environment["variables"], name: string, names: Set<string>): CelType | undefined {
  if (!Object.hasOwn(variables, name)) return undefined;
  names.add(name);
  return variables[name];
}

/** The expression is well formed and comes to something else than it must. */
export class ResultTypeError extends CompileError {
  constructor(wanted: readonly CelType[], type: CelType, text: string) {
    super([], text);
    const names = wanted.map(shownType);
    const one = names.length === 1 ? names[0] : `one of [${names.join(" ")}]`;
    this.message = `must evaluate to ${one} but got ${shownType(type)}`;
  }
}

function run(tree: Node, variables: Variables, budget: Budget): Value {
  return evaluate(tree, { lookup: variables }, { functions: kubernetesFunctions, budget });
}
