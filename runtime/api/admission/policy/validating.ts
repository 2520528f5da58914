/** ValidatingAdmissionPolicy: what is refused, warned of and noted by policies in CEL. Source: KEP-3488. */
import { CostError, EvaluationError } from "../../../cel/mod.ts";
import { type Reason, StatusError } from "../../../schema/mod.ts";
import { forbidden } from "../../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest, ClusterView } from "../admission.ts";
import { mayBeAsked } from "../webhooks/matching.ts";
import { AuditJournal } from "./audit_journal.ts";
import type { DeclaredValidation } from "./declared.ts";
import { type Evaluation, failedExpression } from "./evaluation.ts";
import { ConfigurationError } from "./params.ts";
import { type Bound, boundPolicies, type PolicyContext, PolicyRound } from "./policies.ts";

interface Refusal {
  readonly message: string;
  readonly reason?: string;
  /** Of the validation in its policy. */
  readonly index?: number;
}

/** What one look at a request found: refusals, and what the policy wants to be noted, by its keys. */
interface Findings {
  readonly refusals: readonly Refusal[];
  readonly notes: readonly (readonly [key: string, value: string])[];
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
  const journal = new AuditJournal();
  for (const bound of all) {
    const { refusals, notes } = await findingsOf(bound, round);
    for (const [key, value] of notes) journal.note(`${bound.policyName}/${key}`, value);
    for (const refusal of refusals) act(bound, refusal, request, { denials, journal });
  }
  if (request.annotate) journal.write(request.annotate);
  if (denials.length > 0) throw denials[0];
}

async function findingsOf(bound: Bound, round: PolicyRound): Promise<Findings> {
  try {
    const found: Findings[] = [];
    for (const params of round.params(bound)) {
      found.push(await round.evaluate(bound, params, (evaluation) => judge(bound, evaluation)));
    }
    return { refusals: found.flatMap(({ refusals }) => refusals), notes: found.flatMap(({ notes }) => notes) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { refusals: bound.spec.failurePolicy === "Ignore" ? [] : [{ message: error.message }], notes: [] };
  }
}

function judge(bound: Bound, evaluation: Evaluation): Findings {
  const { validations = [], failurePolicy } = bound.spec;
  const failed = (error: unknown, expression?: string): Refusal[] => {
    if (!(error instanceof EvaluationError || error instanceof CostError)) throw error;
    if (failurePolicy === "Ignore") return [];
    return [{ message: (expression ? failedExpression(expression, error) : error).message }];
  };
  try {
    if (!evaluation.conditionsHold()) return { refusals: [], notes: [] };
  } catch (error) {
    return { refusals: failed(error), notes: [] };
  }
  const refusals = evaluation.policy.validations.flatMap(({ expression, message }, i): Refusal[] => {
    try {
      if (evaluation.run(expression) === true) return [];
    } catch (error) {
      return failed(error, expression.text);
    }
    const words = message && spoken(evaluation, message);
    return [{ message: words || wordsOf(validations[i]!), reason: validations[i]!.reason, index: i }];
  });
  const notes: [string, string][] = [];
  for (const [i, program] of evaluation.policy.annotations.entries()) {
    try {
      const value = evaluation.run(program);
      if (typeof value === "string" && value.trim()) notes.push([bound.spec.auditAnnotations![i]!.key, value.trim()]);
    } catch (error) {
      refusals.push(...failed(error, program.text));
    }
  }
  return { refusals, notes };
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

interface Outcome {
  readonly denials: StatusError[];
  readonly journal: AuditJournal;
}

function act(bound: Bound, refusal: Refusal, request: AdmissionRequest, { denials, journal }: Outcome): void {
  const { policyName, bindingName, binding } = bound;
  for (const action of binding.validationActions ?? []) {
    if (action === "Warn") {
      const head = `Validation failed for ValidatingAdmissionPolicy '${policyName}' with binding '${bindingName}'`;
      request.warn(`${head}: ${refusal.message}`);
    } else if (action === "Deny") denials.push(denied(bound, refusal, request));
    else {
      const { message, index = 0 } = refusal;
      const validationActions = binding.validationActions ?? [];
      journal.fail({ message, policy: policyName, binding: bindingName, expressionIndex: index, validationActions });
    }
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
