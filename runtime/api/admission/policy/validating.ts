/** ValidatingAdmissionPolicy: what is refused, warned of and noted by policies in CEL. Source: KEP-3488. */
import { CostError, EvaluationError } from "../../../cel/mod.ts";
import { type Reason, StatusError } from "../../../schema/mod.ts";
import { forbidden } from "../../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest, ClusterView } from "../admission.ts";
import { mayBeAsked } from "../webhooks/matching.ts";
import type { DeclaredValidation } from "./declared.ts";
import { type Evaluation, failedExpression } from "./evaluation.ts";
import { ConfigurationError } from "./params.ts";
import { type Bound, boundPolicies, type PolicyContext, PolicyRound } from "./policies.ts";

interface Refusal {
  readonly message: string;
  readonly reason?: string;
}

const plurals = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"] as const;

export function validatingPolicies(context: PolicyContext): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionPolicy",
    validate(request, view) {
      if (!mayBeAsked(request)) return;
      const bound = boundPolicies(plurals, request, view, context);
      if (bound.length > 0) return inTurn(bound, request, view, context);
    },
  };
}

async function inTurn(
  all: readonly Bound[],
  request: AdmissionRequest,
  view: ClusterView,
  context: PolicyContext,
): Promise<void> {
  const round = new PolicyRound(request, view, context);
  const denials: StatusError[] = [];
  for (const bound of all) {
    for (const refusal of await refusalsOf(bound, round)) act(bound, refusal, request, denials);
  }
  if (denials.length > 0) throw denials[0];
}

async function refusalsOf(bound: Bound, round: PolicyRound): Promise<readonly Refusal[]> {
  try {
    const refusals: Refusal[] = [];
    for (const params of round.params(bound)) {
      refusals.push(...await round.evaluate(bound, params, (evaluation) => judge(bound, evaluation)));
    }
    return refusals;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return bound.spec.failurePolicy === "Ignore" ? [] : [{ message: error.message }];
  }
}

function judge(bound: Bound, evaluation: Evaluation): readonly Refusal[] {
  const { validations = [], failurePolicy } = bound.spec;
  const failed = (error: unknown, expression?: string): Refusal[] => {
    if (!(error instanceof EvaluationError || error instanceof CostError)) throw error;
    if (failurePolicy === "Ignore") return [];
    return [{ message: (expression ? failedExpression(expression, error) : error).message }];
  };
  try {
    if (!evaluation.conditionsHold()) return [];
  } catch (error) {
    return failed(error);
  }
  return evaluation.policy.validations.flatMap(({ expression, message }, i) => {
    try {
      if (evaluation.run(expression) === true) return [];
    } catch (error) {
      return failed(error, expression.text);
    }
    const words = message && spoken(evaluation, message);
    return [{ message: words || wordsOf(validations[i]!), reason: validations[i]!.reason }];
  });
}

function wordsOf({ message, expression }: DeclaredValidation): string {
  return message?.trim() || `failed expression: ${expression.trim()}`;
}

const longestMessage = 5 * 1024;

/** What cannot be said in one line is not said. */
function spoken(evaluation: Evaluation, message: Parameters<Evaluation["run"]>[0]): string | undefined {
  try {
    const text = String(evaluation.run(message)).trim();
    return text.includes("\n") || text.length > longestMessage ? undefined : text;
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof CostError) return undefined;
    throw error;
  }
}

function act(bound: Bound, refusal: Refusal, request: AdmissionRequest, denials: StatusError[]): void {
  const { policyName, bindingName, binding } = bound;
  for (const action of binding.validationActions ?? []) {
    if (action === "Warn") {
      const head = `Validation failed for ValidatingAdmissionPolicy '${policyName}' with binding '${bindingName}'`;
      request.warn(`${head}: ${refusal.message}`);
    } else if (action === "Deny") denials.push(denied(bound, refusal, request));
  }
}

const codes: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function denied(
  { policyName, bindingName }: Bound,
  refusal: Refusal,
  { resource, name }: AdmissionRequest,
): StatusError {
  const words =
    `ValidatingAdmissionPolicy '${policyName}' with binding '${bindingName}' denied request: ${refusal.message}`;
  const { message, details } = forbidden(resource, name, words);
  const reason = refusal.reason ?? "Invalid";
  const causes = [...details.causes ?? [], { message: words }];
  return new StatusError(reason as Reason, message, { ...details, causes }, { code: codes[reason] ?? 422 });
}
