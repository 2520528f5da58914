/** Which objects a quota is about: `scopes` and `scopeSelector`. Pure. */
import { type KubeObject, qosClassOf } from "../../../schema/mod.ts";

export interface QuotaSpec {
  readonly hard?: Readonly<Record<string, string | number>>;
  readonly scopes?: readonly string[];
  readonly scopeSelector?: { readonly matchExpressions?: readonly Expression[] };
}

interface Expression {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface PodSpec {
  activeDeadlineSeconds?: number;
  priorityClassName?: string;
  affinity?: Record<string, AffinityTerms | undefined>;
}

interface AffinityTerms {
  requiredDuringSchedulingIgnoredDuringExecution?: Term[];
  preferredDuringSchedulingIgnoredDuringExecution?: { podAffinityTerm?: Term }[];
}

interface Term {
  namespaces?: string[];
  namespaceSelector?: object;
}

/** A quota with scopes is about pods; `VolumeAttributesClass` alone is about claims. */
export function inScope({ scopes = [], scopeSelector }: QuotaSpec, kind: string, object: KubeObject): boolean {
  const plain = scopes.map((scopeName) => ({ scopeName, operator: "Exists" }));
  const all: Expression[] = [...plain, ...scopeSelector?.matchExpressions ?? []];
  return all.every((expression) => holds(expression, kind, object));
}

function holds(expression: Expression, kind: string, object: KubeObject): boolean {
  if (expression.scopeName === "VolumeAttributesClass") {
    const { volumeAttributesClassName } = (object.spec ?? {}) as { volumeAttributesClassName?: string };
    return kind === "persistentvolumeclaims" && named(expression, volumeAttributesClassName);
  }
  if (kind !== "pods") return false;
  const spec = (object.spec ?? {}) as PodSpec;
  if (expression.scopeName === "PriorityClass") return named(expression, spec.priorityClassName);
  const is = podScopes[expression.scopeName]?.(spec) ?? false;
  return expression.operator === "DoesNotExist" ? !is : is;
}

const podScopes: Readonly<Record<string, (spec: PodSpec) => boolean>> = {
  Terminating: isTerminating,
  NotTerminating: (spec) => !isTerminating(spec),
  BestEffort: isBestEffort,
  NotBestEffort: (spec) => !isBestEffort(spec),
  CrossNamespacePodAffinity: reachesOut,
};

function isTerminating({ activeDeadlineSeconds }: PodSpec): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;
}

function isBestEffort(spec: PodSpec): boolean {
  return qosClassOf(spec as Parameters<typeof qosClassOf>[0]) === "BestEffort";
}

/** Names other namespaces in an affinity to pods. */
function reachesOut({ affinity = {} }: PodSpec): boolean {
  const terms = [affinity.podAffinity, affinity.podAntiAffinity].flatMap((one) => [
    ...one?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some((term) => (term?.namespaces?.length ?? 0) > 0 || term?.namespaceSelector !== undefined);
}

function named({ operator, values = [] }: Expression, name: string | undefined): boolean {
  if (operator === "Exists") return Boolean(name);
  if (operator === "DoesNotExist") return !name;
  return values.includes(name ?? "") === (operator === "In");
}
