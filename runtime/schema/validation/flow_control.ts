/** FlowSchemas and PriorityLevelConfigurations (KEP-1040). */
import type { IFlowSchema } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/FlowSchema";
import type { IPriorityLevelConfiguration } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import type { Report } from "./report.ts";
import { aloneIfAll, atLeast, atMost, type Check, isEmpty, named, oneOf, required, rules } from "./rules.ts";

const kinds = { Group: "group", ServiceAccount: "serviceAccount", User: "user" } as const;

/** Each kind of subject has a part of its own. */
const subjectParts: Check = (value, report) => {
  const subject = value as Record<string, unknown>;
  const kind = subject.kind as keyof typeof kinds;
  if (!(kind in kinds)) return report.at("kind").notSupported(kind ?? "", Object.keys(kinds));
  for (const [of, part] of Object.entries(kinds)) {
    const place = report.at(part);
    if (of === kind && !subject[part]) place.required(`${part} is required when subject kind is '${of}'`);
    if (of !== kind && subject[part]) place.forbidden(`${part} is forbidden when subject kind is not '${of}'`);
  }
};

const someRule: Check = (value, report) => {
  const { resourceRules, nonResourceRules } = value as Record<string, unknown>;
  if (isEmpty(resourceRules) && isEmpty(nonResourceRules)) {
    report.required("at least one of resourceRules and nonResourceRules has to be non-empty");
  }
};

const scope: Check = (value, report, { clusterScope }) => {
  if (isEmpty(value) && !clusterScope) {
    report.required("resource rules that are not cluster scoped must supply at least one namespace");
  }
};

const verbs = [required("verbs must contain at least one value"), aloneIfAll("verbs")];
const knownVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

const resourceVerbs: Check = (value, report) => {
  if (!Array.isArray(value) || value.includes("*") || value.every((verb) => knownVerbs.includes(verb))) return;
  report.notSupported(value, knownVerbs);
};

const namespaceName: Check = (value, report) => {
  if (value === "*") return;
  for (const fault of dnsLabel(String(value))) {
    report.invalid(value, `each member of this list must be '*' or a DNS-1123 label; ${fault}`);
  }
};

/** Paths, of which the last step may be `*`. */
const path: Check = (value, report) => {
  const text = String(value);
  if (text === "*" || text === "/") return;
  if (!text.startsWith("/")) return report.invalid(text, "must start with slash");
  if (text.includes(" ")) return report.invalid(text, "must not contain white-space");
  if (text.includes("//")) return report.invalid(text, "must not contain double slash");
  if (/\*(?!$)|[^/]\*$/.test(text)) report.invalid(text, "wildcard can only do suffix matching");
};

const flowSchemaRules = rules(
  [
    "spec.matchingPrecedence",
    atLeast(1, "must be a positive value"),
    atMost(10000, "must not be greater than 10000"),
  ],
  ["spec.distinguisherMethod.type", oneOf("ByNamespace", "ByUser")],
  ["spec.priorityLevelConfiguration.name", required("must reference a priority level"), named(dnsSubdomain)],
  ["spec.rules[]", someRule],
  ["spec.rules[].subjects", required("subjects must contain at least one value")],
  ["spec.rules[].subjects[]", subjectParts],
  ["spec.rules[].subjects[].user.name", required()],
  ["spec.rules[].subjects[].group.name", required()],
  ["spec.rules[].subjects[].serviceAccount.name", required()],
  ["spec.rules[].subjects[].serviceAccount.namespace", required("must specify namespace for service account")],
  ["spec.rules[].resourceRules[].verbs", ...verbs, resourceVerbs],
  [
    "spec.rules[].resourceRules[].apiGroups",
    required("resource rules must supply at least one api group"),
    aloneIfAll("api groups"),
  ],
  [
    "spec.rules[].resourceRules[].resources",
    required("resource rules must supply at least one resource"),
    aloneIfAll("resources"),
  ],
  ["spec.rules[].resourceRules[].namespaces", scope, aloneIfAll("namespaces")],
  ["spec.rules[].resourceRules[].namespaces[]", namespaceName],
  ["spec.rules[].nonResourceRules[].verbs", ...verbs],
  [
    "spec.rules[].nonResourceRules[].nonResourceURLs",
    required("nonResourceURLs must contain at least one value"),
    aloneIfAll("non-resource URLs"),
  ],
  ["spec.rules[].nonResourceRules[].nonResourceURLs[]", path],
);

export function validateFlowSchema(object: IFlowSchema, report: Report): void {
  flowSchemaRules(object, report);
  const { matchingPrecedence } = object.spec ?? {};
  if (matchingPrecedence === 1 && object.metadata?.name !== "exempt") {
    const place = report.at("spec", "matchingPrecedence");
    place.invalid(1, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
}

const share = atLeast(0, "must be a non-negative integer");
const percentWords = "must be between 0 and 100, inclusive";
const percent = [atLeast(0, percentWords), atMost(100, percentWords)];
const positive = atLeast(1, "must be positive");
/** Of the hash that deals a hand. */
const mostBits = 60;

const only: (type: string, words: { missing?: string; forbidden: string }) => Check =
  (type, { missing, forbidden }) => (value, report, holder) => {
    if (holder.type === type && !value && missing) report.required(missing);
    if (holder.type !== type && value) report.forbidden(forbidden);
  };

const levelRules = rules(
  ["spec.type", (value, report) => oneOf("Exempt", "Limited")(value ?? "", report, {})],
  [
    "spec.limited",
    only("Limited", {
      missing: "must not be empty when type is Limited",
      forbidden: "must be nil if the type is not Limited",
    }),
  ],
  ["spec.exempt", only("Exempt", { forbidden: "must be nil if the type is Limited" })],
  ["spec.exempt.nominalConcurrencyShares", share],
  ["spec.exempt.lendablePercent", ...percent],
  ["spec.limited.nominalConcurrencyShares", share],
  ["spec.limited.lendablePercent", ...percent],
  ["spec.limited.borrowingLimitPercent", atLeast(0, "if specified, must be a non-negative integer")],
  ["spec.limited.limitResponse.type", required(), (value, report) => {
    if (!isEmpty(value)) oneOf("Queue", "Reject")(value, report, {});
  }],
  [
    "spec.limited.limitResponse.queuing",
    only("Queue", {
      missing: "must not be empty if limitResponse.type is Queue",
      forbidden: "must be nil if limited.limitResponse.type is not Limited",
    }),
  ],
  ["spec.limited.limitResponse.queuing.queueLengthLimit", positive],
  [
    "spec.limited.limitResponse.queuing.queues",
    positive,
    atMost(10_000_000, "must not be greater than 10000000"),
  ],
  ["spec.limited.limitResponse.queuing.handSize", positive, (value, report, { queues }) => {
    if (typeof value !== "number" || typeof queues !== "number") return;
    const bits = Math.ceil(Math.log2(queues) * value);
    if (value > queues) report.invalid(value, `should not be greater than queues (${queues})`);
    else if (bits > mostBits) {
      const what = `required entropy bits of deckSize ${queues} and handSize ${value}`;
      report.invalid(value, `${what} should not be greater than ${mostBits}`);
    }
  }],
);

export function validatePriorityLevel(object: IPriorityLevelConfiguration, report: Report): void {
  const { type } = object.spec ?? {};
  if (type && (type === "Exempt") !== (object.metadata?.name === "exempt")) {
    report.at("spec", "type").invalid(type, "must be 'Exempt' if and only if `name` is 'exempt'");
  }
  levelRules(object, report);
}
