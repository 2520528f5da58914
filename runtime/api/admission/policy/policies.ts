/** The policies that are bound and mean a request, each ready to be evaluated. */
import type { Authorizer } from "../../../auth/user.ts";
import type { KubeObject, Resource, Stored } from "../../../schema/mod.ts";
import type { ResourceRegistry } from "../../resource_registry.ts";
import type { AdmissionRequest, ClusterView } from "../admission.ts";
import { type CompiledPolicy, compilePolicy } from "./compiled.ts";
import type { BindingSpec, PolicySpec } from "./declared.ts";
import { Decisions } from "./decisions.ts";
import { Evaluation } from "./evaluation.ts";
import { meantRow } from "./matching.ts";
import { paramsOf } from "./params.ts";

export interface PolicyContext {
  readonly registry: ResourceRegistry;
  readonly authorize: Authorizer;
}

export interface Bound {
  readonly policyName: string;
  readonly bindingName: string;
  readonly spec: PolicySpec;
  readonly binding: BindingSpec;
  readonly policy: CompiledPolicy;
  readonly row: Resource;
}

const group = "admissionregistration.k8s.io";
const compiled = new WeakMap<Stored, CompiledPolicy>();

export function compiledOf(policy: Stored): CompiledPolicy {
  const known = compiled.get(policy);
  if (known) return known;
  const made = compilePolicy(policy.spec as PolicySpec).policy;
  compiled.set(policy, made);
  return made;
}

/** `plurals`: of the policies and of their bindings. */
export function boundPolicies(
  [policies, bindings]: readonly [policies: string, bindings: string],
  request: AdmissionRequest,
  view: ClusterView,
  { registry }: PolicyContext,
): Bound[] {
  const all = view.list(group, bindings);
  if (all.length === 0) return [];
  return all.flatMap(({ metadata, spec }) => {
    const binding = spec as BindingSpec;
    const policy = view.get(group, policies, "", binding.policyName);
    if (!policy || policy.metadata.deletionTimestamp) return [];
    const declared = policy.spec as PolicySpec;
    const row = meantRow(declared.matchConstraints ?? { resourceRules: [] }, request, view, registry);
    if (!row || binding.matchResources && !meantRow(binding.matchResources, request, view, registry)) return [];
    const bound = { policyName: policy.metadata.name, bindingName: metadata.name, spec: declared, binding, row };
    return [{ ...bound, policy: compiledOf(policy) }];
  });
}

export class PolicyRound {
  readonly #decisions: Decisions;

  constructor(
    private readonly request: AdmissionRequest,
    private readonly view: ClusterView,
    private readonly context: PolicyContext,
  ) {
    this.#decisions = new Decisions(context.authorize, request.user);
  }

  /** Throws ConfigurationError. */
  params({ spec, binding }: Bound): readonly (KubeObject | undefined)[] {
    return paramsOf(spec, binding, this.request, this.view, this.context.registry);
  }

  /** Runs `work` on a fresh evaluation until nothing is left to be asked. */
  evaluate<T>(bound: Bound, params: KubeObject | undefined, work: (evaluation: Evaluation) => T): Promise<T> {
    const { request, view } = this;
    const subject = { request, row: bound.row, params, view, decisions: this.#decisions };
    return this.#decisions.run(() => work(new Evaluation(bound.policy, subject)));
  }
}
