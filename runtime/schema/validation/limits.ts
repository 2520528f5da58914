/** LimitRanges and ResourceQuotas: bounds that fit each other, names that mean something. Words are upstream's. */
import type { ILimitRange } from "kubernetes-models/v1/LimitRange";
import type { IResourceQuota } from "kubernetes-models/v1/ResourceQuota";
import { compareQuantities, parseQuantity } from "../quantity.ts";
import { qualifiedName } from "./names.ts";
import { validateAmount } from "./numbers.ts";
import type { Report } from "./report.ts";

type Item = NonNullable<ILimitRange["spec"]>["limits"][number];
type Bound = "min" | "max" | "default" | "defaultRequest";

const limitTypes = ["Pod", "Container", "PersistentVolumeClaim"];

export function validateLimitRange({ spec }: ILimitRange, report: Report): void {
  const types = new Set<string>();
  spec?.limits?.forEach((item, i) => {
    const place = report.at("spec", "limits", i);
    if (types.has(item.type)) place.at("type").duplicate(item.type);
    types.add(item.type);
    validateItem(item, place);
  });
}

function validateItem(item: Item, place: Report): void {
  const { type, min = {}, max = {} } = item;
  if (!limitTypes.includes(type) && !type.includes("/")) {
    place.at("type").invalid(type, "must be a standard limit type or fully qualified");
  }
  if (type === "PersistentVolumeClaim" && !("storage" in min) && !("storage" in max)) {
    place.at("limits").required("either minimum or maximum storage value is required, but neither was provided");
  }
  for (const field of ["default", "defaultRequest"] as const) {
    if (type === "Pod" && item[field]) place.at(field).forbidden("may not be specified when `type` is 'Pod'");
  }
  const names = Object.keys({ ...min, ...max, ...item.default, ...item.defaultRequest, ...item.maxLimitRequestRatio });
  for (const name of names) validateBounds(item, name, place);
}

interface Order {
  readonly low: Bound;
  readonly high: Bound;
  /** Where the fault is shown, and whose value with it; absent: that of `low`. */
  readonly at?: Bound;
  readonly value?: Bound;
  readonly words: readonly [low: string, high: string];
}

const orders: readonly Order[] = [
  { low: "min", high: "max", words: ["min", "max"] },
  {
    low: "min",
    high: "defaultRequest",
    at: "defaultRequest",
    value: "defaultRequest",
    words: ["min", "default request"],
  },
  { low: "defaultRequest", high: "max", words: ["default request", "max"] },
  { low: "defaultRequest", high: "default", words: ["default request", "default limit"] },
  { low: "min", high: "default", at: "default", words: ["min", "default"] },
  { low: "default", high: "max", value: "max", words: ["default", "max"] },
];

function validateBounds(item: Item, name: string, place: Report): void {
  for (const { low, high, at = low, value = low, words } of orders) {
    const [less, more] = [item[low]?.[name], item[high]?.[name]];
    if (less === undefined || more === undefined || compareQuantities(less, more) <= 0) continue;
    const why = `${words[0]} value ${less} is greater than ${words[1]} value ${more}`;
    place.at(at).key(name).invalid(String(item[value]![name]), why);
  }
  const ratio = item.maxLimitRequestRatio?.[name];
  if (ratio !== undefined) validateRatio(item, name, ratio, place.at("maxLimitRequestRatio").key(name));
}

function validateRatio({ min, max }: Item, name: string, ratio: string | number, place: Report): void {
  if (compareQuantities(ratio, "1") < 0) place.invalid(String(ratio), `ratio ${ratio} is less than 1`);
  const [low, high] = [min?.[name], max?.[name]].map((bound) => bound === undefined ? 0 : amountOf(bound));
  if (!low || !high || amountOf(ratio) <= high / low) return;
  place.invalid(String(ratio), `ratio ${ratio} is greater than max/min = ${(high / low).toFixed(6)}`);
}

function amountOf(quantity: string | number): number {
  return Number(parseQuantity(quantity).nano);
}

const podAmounts = ["cpu", "memory", "ephemeral-storage"];
const sides = ["", "requests.", "limits."];
const compute = podAmounts.flatMap((name) => sides.map((side) => side + name));
const claims = ["persistentvolumeclaims", "requests.storage"];
const counted = ["services", "replicationcontrollers", "secrets", "configmaps", "resourcequotas"];
const standard = [...compute, ...claims, ...counted, "pods", "services.nodeports", "services.loadbalancers"];

function isStandard(name: string): boolean {
  return standard.includes(name) || /^(requests\.)?hugepages-/.test(name);
}

export function validateResourceQuota({ spec }: IResourceQuota, report: Report): void {
  const place = report.at("spec");
  for (const [name, amount] of Object.entries(spec?.hard ?? {})) {
    const entry = place.at("hard").key(name);
    entry.named(name, qualifiedName);
    if (!name.includes("/") && !isStandard(name)) {
      entry.invalid(name, "must be a standard resource type or fully qualified");
      entry.invalid(name, "must be a standard resource for quota");
    }
    validateAmount(amount, entry);
  }
  const names = Object.keys(spec?.hard ?? {}).filter(isStandard);
  const { scopes = [], scopeSelector } = spec ?? {};
  validateScopes(scopes, scopes, names, place.at("scopes"));
  const terms = (scopeSelector?.matchExpressions ?? []) as readonly Term[];
  const selected = terms.map(({ scopeName }) => scopeName);
  const at = place.at("scopeSelector", "matchExpressions");
  for (const term of terms) validateTerm(term, at);
  validateScopes(selected, selected, names, place.at("scopeSelector", "matchExpressions", "scopeName"));
}

const ofPods = ["pods", ...compute.filter((name) => !name.includes("ephemeral-storage"))];

/** What each scope can be about. */
const about: Readonly<Record<string, readonly string[]>> = {
  BestEffort: ["pods"],
  NotBestEffort: ofPods,
  Terminating: ofPods,
  NotTerminating: ofPods,
  PriorityClass: ofPods,
  CrossNamespacePodAffinity: ofPods,
  VolumeAttributesClass: claims,
};
const opposites = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];

function validateScopes(scopes: readonly string[], shown: unknown, names: readonly string[], place: Report): void {
  for (const scope of new Set(scopes)) {
    const known = about[scope];
    if (!known) place.invalid(shown, "unsupported scope");
    else if (names.some((name) => !known.includes(name))) place.invalid(shown, "unsupported scope applied to resource");
  }
  if (opposites.some((pair) => pair.every((scope) => scopes.includes(scope)))) {
    place.invalid(shown, "conflicting scopes");
  }
}

interface Term {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const valued = ["PriorityClass", "VolumeAttributesClass"];

function validateTerm({ scopeName, operator, values = [] }: Term, place: Report): void {
  const among = ["In", "NotIn"].includes(operator);
  if (among && values.length === 0) {
    place.at("values").required(
      "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    );
  }
  if (!among && values.length > 0) {
    place.at("values").invalid(
      values,
      "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
    );
  }
  if (operator === "Exists" || valued.includes(scopeName) || !(scopeName in about)) return;
  place.at("operator").invalid(
    operator,
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
      "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
  );
}
