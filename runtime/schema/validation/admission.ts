/** Webhook configurations, admission policies and their bindings. CEL is compiled by who runs it. */
import { dns1035Label, dnsSubdomain, qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";
import {
  aloneIfAll,
  type Check,
  fewerThan,
  isEmpty,
  named,
  oneOf,
  required,
  type Rule,
  rules,
  unique,
} from "./rules.ts";
import { validateLabelSelector } from "./selectors.ts";
import { clientRules, reviewVersions } from "./webhook_client.ts";

const selector: Check = (value, report) =>
  validateLabelSelector(value as Parameters<typeof validateLabelSelector>[0], report);

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

function requestRules(place: string): Rule[] {
  return [
    [`${place}.operations`, required(), aloneIfAll("operations")],
    [`${place}.operations[]`, (value, report) => value === "" && report.notSupported(value, operations)],
    [`${place}.apiGroups`, required(), aloneIfAll("API groups")],
    [`${place}.apiVersions`, required(), aloneIfAll("API versions")],
    [`${place}.apiVersions[]`, required()],
    [`${place}.resources`, required(), wildcards],
  ];
}

/**
 * What a wildcard before it covers is said twice: `*` is every resource without its subresources, `*` + `/*` everything.
 * One behind it goes unseen.
 */
const wildcards: Check = (value, report) => {
  if (!Array.isArray(value)) return;
  const seen = new Set<string>();
  let again = false;
  value.forEach((resource: string, i) => {
    if (!resource) report.at(i).required();
    const [name, part] = resource.split("/");
    if (part === undefined) again ||= resource !== "*" && seen.has("*");
    const wide = part === undefined ? undefined : [`${name}/*`, `*/${part}`].find((one) => seen.has(one));
    if (wide) report.at(i).invalid(resource, `if '${wide}' is present, must not specify ${resource}`);
    seen.add(resource);
  });
  if (value.length > 1 && seen.has("*/*")) {
    report.invalid(value, "if '*/*' is present, must not specify other resources");
  }
  if (again) {
    report.invalid(value, "if '*' is present, must not specify other resources without subresources");
  }
};

function conditionRules(place: string): Rule[] {
  return [
    [place, fewerThan(64), unique("name")],
    [`${place}[].name`, required(), named(qualifiedName)],
    [`${place}[].expression`, required()],
  ];
}

const webhookRows: Rule[] = [
  ["webhooks", unique("name")],
  ["webhooks[].name", required(), named(dnsSubdomain), threeSegments],
  ["webhooks[].sideEffects", required("must specify one of None, NoneOnDryRun"), oneOf("None", "NoneOnDryRun")],
  ["webhooks[].admissionReviewVersions", required("must specify one of v1, v1beta1"), reviewVersions],
  ["webhooks[].timeoutSeconds", timeout],
  ["webhooks[].namespaceSelector", selector],
  ["webhooks[].objectSelector", selector],
  ...clientRules("webhooks[].clientConfig"),
  ...requestRules("webhooks[].rules[]"),
  ...conditionRules("webhooks[].matchConditions"),
];

export const validateWebhooks = rules(...webhookRows);

function threeSegments(value: unknown, report: Report): void {
  if (typeof value === "string" && value !== "" && value.split(".").length < 3) {
    report.invalid(value, "should be a domain with at least three segments separated by dots");
  }
}

function timeout(value: unknown, report: Report): void {
  if (typeof value !== "number") return;
  if (value > 30 || value < 1) report.invalid(value, "the timeout value must be between 1 and 30 seconds");
}

function matchRules(place: string): Rule[] {
  return [
    [`${place}.namespaceSelector`, selector],
    [`${place}.objectSelector`, selector],
    ...requestRules(`${place}.resourceRules[]`),
    ...requestRules(`${place}.excludeResourceRules[]`),
  ];
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

const policyRows: Rule[] = [
  ["spec.paramKind.apiVersion", required()],
  ["spec.paramKind.kind", required(), kindName],
  ["spec.matchConstraints", required()],
  ["spec.matchConstraints.resourceRules", required()],
  ...matchRules("spec.matchConstraints"),
  ...conditionRules("spec.matchConditions"),
  ["spec.variables", unique("name")],
  ["spec.variables[].name", required("name is not specified"), (value, report) => {
    if (typeof value === "string" && value !== "" && !identifier.test(value)) {
      report.invalid(value, "must be a valid CEL identifier");
    }
  }],
];

function kindName(value: unknown, report: Report): void {
  if (typeof value !== "string" || value === "") return;
  for (const fault of dns1035Label(value.toLowerCase())) {
    report.invalid(value, `may have mixed case, but should otherwise match: ${fault}`);
  }
}

const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
const nothingToDo = "validations or auditAnnotations must contain at least one item";

export const validatePolicy = rules(
  ...policyRows,
  ["spec.validations", (value, report, { auditAnnotations }) => {
    if (isEmpty(value) && isEmpty(auditAnnotations)) report.required(nothingToDo);
  }],
  [
    "spec.auditAnnotations",
    (value, report, { validations }) => {
      if (isEmpty(value) && isEmpty(validations)) report.required(nothingToDo);
    },
    fewerThan(20),
    unique("key"),
  ],
  ["spec.auditAnnotations[].key", required(), named(qualifiedName)],
  ["spec.validations[].reason", oneOf(...reasons)],
  ["spec.validations[].message", message],
  ["spec.validations[].messageExpression", (value, report) => {
    if (typeof value === "string" && value !== "" && value.trim() === "") {
      report.invalid(value, "must be non-empty if specified");
    }
  }],
);

function message(value: unknown, report: Report, { expression }: Record<string, unknown>): void {
  if (typeof value !== "string" || value === "") {
    if (String(expression ?? "").trim().includes("\n")) {
      report.required("message must be specified if expression contains line breaks");
    }
  } else if (value.trim() === "") report.invalid(value, "message must be non-empty if specified");
  else if (value.trim().includes("\n")) report.invalid(value, "message must not contain line breaks");
}

/** What is deleted cannot be changed. */
function noDeletion(value: unknown, report: Report): void {
  if (Array.isArray(value) && value.includes("DELETE")) {
    report.notSupported("DELETE", ["*", "CONNECT", "CREATE", "UPDATE"]);
  }
}

const patchOf = (type: string): Check => (value, report, { patchType }) => {
  if (patchType === type && !value) report.required(`must be specified when patchType is ${type}`);
  if (patchType !== type && value) report.forbidden(`must not be specified when patchType is not ${type}`);
};

export const validateMutatingPolicy = rules(
  ...policyRows,
  ["spec.matchConstraints.resourceRules[].operations", noDeletion],
  ["spec.mutations", required("mutations must contain at least one item")],
  ["spec.mutations[].patchType", required()],
  ["spec.mutations[].applyConfiguration", patchOf("ApplyConfiguration")],
  ["spec.mutations[].jsonPatch", patchOf("JSONPatch")],
  ["spec.reinvocationPolicy", required()],
);

const bindingRows: Rule[] = [
  ["spec.policyName", required(), named(dnsSubdomain)],
  ["spec.paramRef", oneParam],
  ["spec.paramRef.name", named(dnsSubdomain)],
  ["spec.paramRef.selector", selector],
  ["spec.paramRef.parameterNotFoundAction", required(), oneOf("Deny", "Allow")],
  ...matchRules("spec.matchResources"),
];

function oneParam(value: unknown, report: Report): void {
  if (!value) return;
  const { name, selector } = value as { name?: string; selector?: object };
  if (!name && !selector) report.required("one of name or selector must be specified");
  if (!name || !selector) return;
  for (const field of ["name", "selector"]) report.at(field).forbidden("name and selector are mutually exclusive");
}

const twice = "must not contain both Deny and Warn (repeating the same validation failure information in the API " +
  "response and headers serves no purpose)";

export const validatePolicyBinding = rules(
  ...bindingRows,
  ["spec.validationActions", required("at least one validation action is required"), unique(), (value, report) => {
    if (Array.isArray(value) && value.includes("Deny") && value.includes("Warn")) report.invalid(value, twice);
  }],
);

export const validateMutatingPolicyBinding = rules(...bindingRows);
