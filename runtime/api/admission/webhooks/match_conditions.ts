/**
 * The match conditions of webhooks (KEP-3716): CEL over the request, compiled once for each configuration, and refused with
 * the configuration that holds it where it cannot be compiled.
 */
import type { Authorizer } from "../../../auth/user.ts";
import {
  AuthorizerValue,
  bool,
  Budget,
  compile,
  CompileError,
  dyn,
  EvaluationError,
  type Program,
  ResourceValue,
  ResultTypeError,
  type Value,
  viewOf,
} from "../../../cel/mod.ts";
import { type FieldError, invalid, invalidValue } from "../../../schema/mod.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { Decisions } from "../policy/decisions.ts";
import { authorizerTypes, requestType } from "../policy/environment.ts";
import { placeOf } from "../policy/evaluation.ts";
import type { ConditionsHold } from "./ask.ts";
import { reviewRequest } from "./review.ts";
import type { MatchCondition } from "./webhook.ts";

/** Of all conditions of one webhook together, as upstream: a quarter of what a policy may cost. */
const conditionsLimit = 2_500_000;

const variables = { object: dyn, oldObject: dyn, request: requestType, ...authorizerTypes };
const environment = { variables, result: [bool] };

/** By the array in the stored configuration, which is frozen. */
const compiled = new WeakMap<readonly MatchCondition[], readonly Program[]>();

function programsOf(conditions: readonly MatchCondition[]): readonly Program[] {
  const known = compiled.get(conditions);
  if (known) return known;
  const made = conditions.map(({ expression }) => compile(expression, environment));
  compiled.set(conditions, made);
  return made;
}

/** Each question to `authorize` is asked once a webhook. */
export function matchConditionsHold(authorize: Authorizer): ConditionsHold {
  return async (conditions, request) => {
    const decisions = new Decisions(authorize, request.user);
    return await decisions.run(() => hold(conditions, request, decisions));
  };
}

/** One that does not hold decides, whatever others come to; only then does one that cannot be evaluated count. */
function hold(conditions: readonly MatchCondition[], request: AdmissionRequest, decisions: Decisions): boolean {
  const values = valuesOf(request, decisions);
  const budget = new Budget(conditionsLimit);
  let trouble: unknown;
  for (const program of programsOf(conditions)) {
    try {
      if (program.run((name) => values[name]?.(), budget.forExpression()) === false) return false;
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      trouble ??= error;
    }
  }
  if (trouble) throw trouble;
  return true;
}

/** Each is made when an expression asks for it. */
function valuesOf(request: AdmissionRequest, { ask }: Decisions): Readonly<Record<string, () => Value>> {
  const review = () => {
    const { request: body } = reviewRequest(request, request.resource, "v1", "") as { request: object };
    return body;
  };
  return {
    object: () => viewOf(request.object ?? null, dyn),
    oldObject: () => viewOf(request.old ?? null, dyn),
    request: () => viewOf(review(), requestType),
    authorizer: () => new AuthorizerValue(ask),
    "authorizer.requestResource": () => new ResourceValue(ask, { verb: "", ...placeOf(request) }),
  };
}

interface Configuration {
  webhooks?: { matchConditions?: readonly MatchCondition[] }[];
}

const configurations = new Set(["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]);

export const matchConditionsCompile: AdmissionPlugin = {
  name: "WebhookMatchConditions",
  validate({ resource, operation, object, name }) {
    if (resource.group !== "admissionregistration.k8s.io" || !configurations.has(resource.plural)) return;
    if (operation !== "CREATE" && operation !== "UPDATE") return;
    const { webhooks = [] } = object as Configuration;
    const errors = webhooks.flatMap(({ matchConditions = [] }, at) =>
      matchConditions.flatMap((condition, place) =>
        faultOf(condition, `webhooks[${at}].matchConditions[${place}].expression`)
      )
    );
    if (errors.length > 0) throw invalid(resource, name, errors);
  },
};

function faultOf({ expression }: MatchCondition, field: string): FieldError[] {
  try {
    compile(expression, environment);
    return [];
  } catch (error) {
    if (!(error instanceof CompileError || error instanceof EvaluationError)) throw error;
    const detail = error instanceof ResultTypeError ? error.message : `compilation failed: ${error.message}`;
    return [invalidValue(field, expression, detail)];
  }
}
