/** A policy's expressions, compiled once as long as the policy stays as it is. */
import {
  bool,
  type CelType,
  compile,
  CompileError,
  type Environment,
  nullType,
  type Program,
  ResultTypeError,
  string,
} from "../../../cel/mod.ts";
import { type FieldError, invalidValue, type KubeObject, required, type Resource } from "../../../schema/mod.ts";
import type { PolicySpec } from "./declared.ts";
import { appliedType, message, patchListType, policyVariables } from "./environment.ts";

export interface CompiledValidation {
  readonly expression: Program;
  readonly message?: Program;
}

export interface CompiledPolicy {
  readonly conditions: readonly Program[];
  readonly variables: ReadonlyMap<string, Program>;
  readonly validations: readonly CompiledValidation[];
  readonly annotations: readonly Program[];
  readonly mutations: readonly Program[];
}

/** What did not compile, and where. */
export interface Trouble {
  /** `spec.validations[0].expression` */
  readonly field: string;
  readonly text: string;
  readonly error: CompileError;
}

interface Compiling {
  readonly environment: (result: readonly CelType[] | undefined) => Environment;
  readonly troubles: Trouble[];
}

/** With `object`, the type of what is matched, fields are checked too. */
export function compilePolicy(spec: PolicySpec, object?: CelType): { policy: CompiledPolicy; troubles: Trouble[] } {
  const types: Record<string, CelType> = {};
  const troubles: Trouble[] = [];
  const params = spec.paramKind !== undefined;
  const environment = (result?: readonly CelType[]): Environment => ({
    variables: policyVariables({ params, object, variables: types }),
    message,
    result,
  });
  const compiling: Compiling = { environment, troubles };
  const conditions = programs(spec.matchConditions, "matchConditions", [bool], compiling);
  const variables = new Map<string, Program>();
  (spec.variables ?? []).forEach(({ name, expression }, i) => {
    const program = compiled(expression, `spec.variables[${i}].expression`, undefined, compiling);
    if (!program) return;
    variables.set(name, program);
    types[name] = program.type;
  });
  const policy = {
    conditions,
    variables,
    validations: (spec.validations ?? []).flatMap((one, i) => validation(one, `spec.validations[${i}]`, compiling)),
    annotations: (spec.auditAnnotations ?? []).flatMap(({ valueExpression }, i) =>
      list(compiled(valueExpression, `spec.auditAnnotations[${i}].valueExpression`, [string, nullType], compiling))
    ),
    mutations: (spec.mutations ?? []).flatMap((_, i) => list(mutation(spec, i, compiling))),
  };
  return { policy, troubles };
}

function list<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

function programs(
  named: PolicySpec["matchConditions"],
  field: string,
  result: readonly CelType[],
  compiling: Compiling,
): Program[] {
  return (named ?? []).flatMap(({ expression }, i) =>
    list(compiled(expression, `spec.${field}[${i}].expression`, result, compiling))
  );
}

type Validations = NonNullable<PolicySpec["validations"]>;

function validation(declared: Validations[number], field: string, compiling: Compiling): CompiledValidation[] {
  const { expression, messageExpression } = declared;
  const program = compiled(expression, `${field}.expression`, [bool], compiling);
  const words = messageExpression
    ? compiled(messageExpression, `${field}.messageExpression`, [string], compiling)
    : undefined;
  return program ? [{ expression: program, message: words }] : [];
}

function mutation({ mutations = [] }: PolicySpec, i: number, compiling: Compiling): Program | undefined {
  const { patchType, applyConfiguration, jsonPatch } = mutations[i]!;
  const field = `spec.mutations[${i}]`;
  if (patchType === "JSONPatch") {
    return compiled(jsonPatch?.expression ?? "", `${field}.jsonPatch.expression`, [patchListType], compiling);
  }
  const { expression = "" } = applyConfiguration ?? {};
  return compiled(expression, `${field}.applyConfiguration.expression`, [appliedType], compiling);
}

function compiled(
  text: string,
  field: string,
  result: readonly CelType[] | undefined,
  { environment, troubles }: Compiling,
): Program | undefined {
  try {
    return compile(text, environment(result));
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    troubles.push({ field, text, error });
    return undefined;
  }
}

const policies = new Set(["validatingadmissionpolicies", "mutatingadmissionpolicies"]);

/** The same rows, of which the policies' own refuse expressions that do not compile. */
export function withPolicyRules(rows: readonly Resource[]): readonly Resource[] {
  return rows.map((row) => policies.has(row.plural) ? { ...row, validate: policyFaults } : row);
}

function policyFaults(object: KubeObject): FieldError[] {
  const spec = (object.spec ?? {}) as PolicySpec;
  return compilePolicy(spec).troubles.map(({ field, text, error }) => {
    if (!text.trim()) return required(field, /^spec.validations/.test(field) ? "expression is not specified" : "");
    const detail = error instanceof ResultTypeError ? error.message : `compilation failed: ${error.message}`;
    return invalidValue(field, text, detail);
  });
}
