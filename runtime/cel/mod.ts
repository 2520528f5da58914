/** CEL as Kubernetes has it: typed, with its libraries, within a budget. */
export { Budget, expressionLimit, requestLimit } from "./budget.ts";
export * from "./cel_type.ts";
export { declaredField, declaredType, escapedName } from "./declared_type.ts";
export { CompileError, CostError, EvaluationError } from "./issue.ts";
export { jsonOf } from "./json.ts";
export { type Answer, type Ask, AuthorizerValue, type Question, ResourceValue } from "./library/authorizer.ts";
export { QuantityValue } from "./library/quantity.ts";
export { pattern } from "./library/regex.ts";
export { parseSemver } from "./library/semver.ts";
export { compile, type Environment, type Program, ResultTypeError, type Variables } from "./program.ts";
export { LazyObject, MapValue, ObjectValue, Optional, type Value, viewOf } from "./value.ts";
