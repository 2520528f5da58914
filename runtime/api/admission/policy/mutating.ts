/** MutatingAdmissionPolicy: changes of objects by policies in CEL. Source: KEP-3962. */
import { CostError, EvaluationError, jsonOf, type Program } from "../../../cel/mod.ts";
import {
  apiVersionOf,
  applyDefaults,
  checkTypes,
  type Json,
  type KubeObject,
  pruneUnknown,
  type Resource,
  StatusError,
} from "../../../schema/mod.ts";
import { mergeApplied } from "../../managed_fields/merge.ts";
import { copyJson, sameJson } from "../../objects/json_value.ts";
import { forbidden } from "../../objects/refusals.ts";
import { applyJsonPatch, PatchStepError } from "../../patch/mod.ts";
import type { AdmissionPlugin, AdmissionRequest, Admitted, ClusterView } from "../admission.ts";
import { mayBeAsked } from "../webhooks/matching.ts";
import { asVersion } from "../webhooks/review.ts";
import { atomicParts } from "./atomic_parts.ts";
import { type Evaluation, failedExpression } from "./evaluation.ts";
import { ConfigurationError } from "./params.ts";
import { type Bound, boundPolicies, type PolicyContext, PolicyRound } from "./policies.ts";

const plurals = ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"] as const;

export function mutatingPolicies(context: PolicyContext): AdmissionPlugin {
  return {
    name: "MutatingAdmissionPolicy",
    admit(request, view) {
      if (!request.object || request.operation === "DELETE" || !mayBeAsked(request)) return;
      const bound = boundPolicies(plurals, request, view, context)
        .filter(({ spec }) => !request.again || spec.reinvocationPolicy === "IfNeeded");
      if (bound.length > 0) return inTurn(bound, request, view, context);
    },
  };
}

/** Each sees what those before it made of the object. */
async function inTurn(
  all: readonly Bound[],
  request: AdmissionRequest,
  view: ClusterView,
  context: PolicyContext,
): Promise<Admitted> {
  const round = new PolicyRound(request, view, context);
  const object = request.object!;
  const before = copyJson(object);
  for (const bound of all) {
    try {
      for (const params of round.params(bound)) await mutate(bound, params, round, object);
    } catch (error) {
      if (bound.spec.failurePolicy === "Ignore" && isFailure(error)) continue;
      throw failure(bound, request, error);
    }
  }
  return sameJson(before, object) ? undefined : "changed";
}

async function mutate(bound: Bound, params: KubeObject | undefined, round: PolicyRound, object: KubeObject) {
  const holds = await round.evaluate(bound, params, (evaluation) => evaluation.conditionsHold());
  if (!holds) return;
  for (const [i, program] of bound.policy.mutations.entries()) {
    const value = await round.evaluate(
      bound,
      params,
      (evaluation) => made(evaluation, program),
    );
    change(bound, value, object, bound.spec.mutations![i]!.patchType === "JSONPatch");
  }
}

function made(evaluation: Evaluation, program: Program): Json {
  try {
    return jsonOf(evaluation.run(program), evaluation.budget);
  } catch (error) {
    throw error instanceof EvaluationError ? failedExpression(program.text, error) : error;
  }
}

/** In place; what comes out is decoded and defaulted as if the client had sent it. */
function change({ row }: Bound, made: Json, object: KubeObject, isPatch: boolean): void {
  const original = object.apiVersion!;
  const seen = asVersion(copyJson(object), row, apiVersionOf(row)) as unknown as Json;
  const changed = (isPatch ? patched(seen, made) : merged(row, seen, made)) as unknown as KubeObject;
  const wrong = checkTypes(row.type, changed);
  if (wrong.length > 0) throw new EvaluationError(wrong.map(({ field, message }) => `${field}: ${message}`).join(", "));
  const unknown = pruneUnknown(row.type, changed);
  if (unknown.length > 0) throw new EvaluationError(`no such field: ${unknown.join(", ")}`);
  applyDefaults(row, changed);
  const { name, namespace, uid } = object.metadata ?? {};
  Object.assign(changed.metadata ??= {}, copyJson({ name, namespace, uid }));
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, asVersion(changed, row, original));
}

/** A `test` that fails is no failure: the patch is not meant for this object. */
function patched(seen: Json, patch: Json): Json {
  try {
    return applyJsonPatch(seen, patch);
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    if (!(cause instanceof PatchStepError)) throw error;
    if (cause.failedTest) return seen;
    throw new EvaluationError(`JSON Patch: ${cause.message}`);
  }
}

/** By the rules of server-side apply, owned by nobody. */
function merged(row: Resource, seen: Json, made: Json): Json {
  const [whole] = atomicParts(row.type, made);
  if (whole) {
    throw new EvaluationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${whole}`,
    );
  }
  return copyJson(mergeApplied(row.type, seen, made));
}

function isFailure(error: unknown): boolean {
  return error instanceof EvaluationError || error instanceof CostError || error instanceof ConfigurationError ||
    error instanceof StatusError;
}

function failure({ policyName, bindingName }: Bound, { resource, name }: AdmissionRequest, error: unknown): unknown {
  if (!isFailure(error)) return error;
  const message = `policy '${policyName}' with binding '${bindingName}' denied request: ${(error as Error).message}`;
  const { details } = forbidden(resource, name, message);
  // Upstream takes the code of one reason and the name of another.
  return new StatusError("Invalid", message, { ...details, causes: [{ message }] }, { code: 403 });
}
