/** CEL as Kubernetes has it: typed, with its libraries, within a budget. */
export { anything, type Bound, manyOf, mostRequestBytes, one, textOf } from "./bound.ts";
export { Budget, definitionEstimateLimit, expressionEstimateLimit, expressionLimit, requestLimit } from "./budget.ts";
export * from "./cel_type.ts";
export { declaredField, declaredProperty, declaredType, escapedName } from "./declared_type.ts";
export type { Bounds } from "./estimate.ts";
export { CompileError, CostError, EvaluationError } from "./issue.ts";
export { jsonOf } from "./json.ts";
export { type Answer, type Ask, AuthorizerValue, type Question, ResourceValue } from "./library/authorizer.ts";
export { QuantityValue } from "./library/quantity.ts";
export { pattern } from "./library/regex.ts";
export { parseSemver } from "./library/semver.ts";
export { compile, type Environment, type Program, ResultTypeError, type Variables } from "./program.ts";
export { LazyObject, MapValue, ObjectValue, Optional, type Value, viewOf } from "./value.ts";
