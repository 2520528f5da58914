/**
 * The match conditions of webhooks (KEP-3716): CEL over the request, compiled once for each configuration, and refused with
 * the configuration that holds it where it cannot be compiled.
 */
import {
  bool,
  Budget,
  type CelType,
  compile,
  CompileError,
  declaredField,
  dyn,
  EvaluationError,
  listOf,
  mapOf,
  type Program,
  requestLimit,
  string,
  viewOf,
} from "../../../cel/mod.ts";
import { type FieldError, invalid } from "../../../schema/mod.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { ConditionsHold } from "./ask.ts";
import { reviewRequest } from "./review.ts";
import type { MatchCondition } from "./webhook.ts";

function record(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  return { kind: "object", name, field: (wanted) => declaredField(wanted, (property) => fields[property]) };
}

const kind = record("GroupVersionKind", { group: string, version: string, kind: string });
const resource = record("GroupVersionResource", { group: string, version: string, resource: string });
const user = { username: string, uid: string, groups: listOf(string), extra: mapOf(string, listOf(string)) };
const asked = record("AdmissionRequest", {
  ...{ kind, resource, subResource: string, requestKind: kind, requestResource: resource, requestSubResource: string },
  ...{ name: string, namespace: string, operation: string, dryRun: bool, options: dyn },
  userInfo: record("UserInfo", user),
});

const environment = { variables: { object: dyn, oldObject: dyn, request: asked }, result: [bool] };

/** By the array in the stored configuration, which is frozen. */
const compiled = new WeakMap<readonly MatchCondition[], readonly Program[]>();

function programsOf(conditions: readonly MatchCondition[]): readonly Program[] {
  const known = compiled.get(conditions);
  if (known) return known;
  const made = conditions.map(({ expression }) => compile(expression, environment));
  compiled.set(conditions, made);
  return made;
}

/** One that does not hold decides, whatever others come to; only then does one that cannot be evaluated count. */
export const matchConditionsHold: ConditionsHold = (conditions, request) => {
  const values = valuesOf(request);
  const budget = new Budget(requestLimit);
  let trouble: unknown;
  for (const program of programsOf(conditions)) {
    try {
      if (program.run((name) => values[name]?.(), budget.forExpression()) === false) return false;
    } catch (error) {
      trouble ??= error;
    }
  }
  if (trouble) throw trouble;
  return true;
};

/** Each is made when an expression asks for it. */
function valuesOf(request: AdmissionRequest): Readonly<Record<string, () => ReturnType<typeof viewOf>>> {
  const review = () => {
    const { request: body } = reviewRequest(request, request.resource, "v1", "") as { request: object };
    return body;
  };
  return {
    object: () => viewOf(request.object ?? null, dyn),
    oldObject: () => viewOf(request.old ?? null, dyn),
    request: () => viewOf(review(), asked),
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
    const message = `Invalid value: ${JSON.stringify(expression)}: compilation failed: ${error.message}`;
    return [{ reason: "FieldValueInvalid", field, message }];
  }
}
