/** One policy looked at for one request and one set of params: what its expressions see, and whether its conditions hold. */
import {
  AuthorizerValue,
  Budget,
  dyn,
  EvaluationError,
  LazyObject,
  type Program,
  requestLimit,
  ResourceValue,
  type Value,
  type Variables,
  viewOf,
} from "../../../cel/mod.ts";
import { apiVersionOf, type KubeObject, type Resource } from "../../../schema/mod.ts";
import type { AdmissionRequest, ClusterView } from "../admission.ts";
import { asVersion, reviewRequest } from "../webhooks/review.ts";
import type { CompiledPolicy } from "./compiled.ts";
import type { Decisions } from "./decisions.ts";
import { record, requestType } from "./environment.ts";

export interface Subject {
  readonly request: AdmissionRequest;
  /** The row in whose version the policy sees the object. */
  readonly row: Resource;
  readonly params: KubeObject | undefined;
  readonly view: ClusterView;
  readonly decisions: Decisions;
}

export class Evaluation {
  readonly budget = new Budget(requestLimit);
  readonly #values = new Map<string, Value>();
  readonly #computed = new Map<string, Value>();

  constructor(readonly policy: CompiledPolicy, readonly subject: Subject) {}

  /** Throws EvaluationError, CostError and what stands for an answer that is not known yet. */
  run(program: Program): Value {
    return program.run(this.#lookup, this.budget.forExpression());
  }

  /** A condition that does not hold decides, whatever others come to. Throws what they throw. */
  conditionsHold(): boolean {
    let trouble: EvaluationError | undefined;
    for (const condition of this.policy.conditions) {
      try {
        if (this.run(condition) !== true) return false;
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        trouble ??= failedExpression(condition.text, error);
      }
    }
    if (trouble) throw trouble;
    return true;
  }

  readonly #lookup: Variables = (name) => {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const made = this.#make(name);
    if (made !== undefined) this.#values.set(name, made);
    return made;
  };

  #make(name: string): Value | undefined {
    const { request, row, params, view, decisions } = this.subject;
    const seen = (object?: KubeObject) =>
      viewOf(object ? asVersion(object, request.resource, apiVersionOf(row)) : null, dyn);
    switch (name) {
      case "object":
        return seen(request.object);
      case "oldObject":
        return seen(request.old);
      case "params":
        return viewOf(params ?? null, dyn);
      case "request":
        return viewOf((reviewRequest(request, row, "v1", "") as { request: object }).request, requestType);
      case "namespaceObject":
        return viewOf(request.namespace ? view.get("", "namespaces", "", request.namespace) : null, dyn);
      case "variables":
        return new LazyObject(record("variables", {}), (variable) => this.#variable(variable));
      case "authorizer":
        return new AuthorizerValue(decisions.ask);
      case "authorizer.requestResource":
        return new ResourceValue(decisions.ask, { verb: "", ...placeOf(request) });
      default:
        return undefined;
    }
  }

  #compute(name: string, program: Program): Value {
    try {
      return this.run(program);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      throw new EvaluationError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`);
    }
  }

  #variable(name: string): Value | undefined {
    const known = this.#computed.get(name);
    if (known !== undefined) return known;
    const program = this.policy.variables.get(name);
    if (!program) return undefined;
    const value = this.#compute(name, program);
    this.#computed.set(name, value);
    return value;
  }
}

/** In upstream's words. */
export function failedExpression(text: string, error: Error): EvaluationError {
  return new EvaluationError(`expression '${text}' resulted in error: ${error.message}`, { cause: error });
}

/** What `authorizer.requestResource` asks about. */
export function placeOf({ resource: { group, plural }, subresource = "", namespace, name }: AdmissionRequest) {
  return { group, resource: plural, subresource, namespace, name };
}
