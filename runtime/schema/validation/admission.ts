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

const selector: Check = (value, report) =>
  validateLabelSelector(value as Parameters<typeof validateLabelSelector>[0], report);

function requestRules(place: string): Rule[] {
  return [
    [`${place}.operations`, required(), aloneIfAll("operations")],
    [`${place}.apiGroups`, required(), aloneIfAll("API groups")],
    [`${place}.apiVersions`, required(), aloneIfAll("API versions")],
    [`${place}.apiVersions[]`, required()],
    [`${place}.resources`, required(), wildcards],
    [`${place}.resources[]`, required()],
  ];
}

/** `*` is every resource without its subresources, `*` + `/*` both. */
const wildcards: Check = (value, report) => {
  if (!Array.isArray(value) || value.length < 2) return;
  if (value.includes("*/*")) {
    return report.invalid(value, "if '*/*' is present, must not specify other resources");
  }
  value.forEach((resource, i) => {
    const [name, subresource] = String(resource).split("/");
    const covered = subresource === undefined
      ? name !== "*" && value.includes("*")
      : name !== "*" && value.includes(`*/${subresource}`);
    if (covered) {
      const all = subresource === undefined ? "*" : `*/${subresource}`;
      report.at(i).invalid(resource, `if '${all}' is present, must not specify '${resource}'`);
    }
  });
};

function conditionRules(place: string): Rule[] {
  return [
    [place, fewerThan(64), unique("name")],
    [`${place}[].name`, required(), named(qualifiedName)],
    [`${place}[].expression`, required()],
  ];
}

const reviewVersions = ["v1", "v1beta1"];

const webhookRows: Rule[] = [
  ["webhooks", unique("name")],
  ["webhooks[].name", required(), named(dnsSubdomain), threeSegments],
  ["webhooks[].sideEffects", required("must specify one of None, NoneOnDryRun"), oneOf("None", "NoneOnDryRun")],
  [
    "webhooks[].admissionReviewVersions",
    required("must specify one of v1, v1beta1"),
    (value, report) => {
      if (!Array.isArray(value)) return;
      value.forEach((one, i) => value.indexOf(one) < i && report.at(i).invalid(one, "duplicate version"));
    },
    (value, report) => {
      if (!Array.isArray(value) || isEmpty(value) || value.some((one) => reviewVersions.includes(one))) return;
      report.invalid(value, "must include at least one of v1, v1beta1");
    },
  ],
  ["webhooks[].admissionReviewVersions[]", named(dns1035Label)],
  ["webhooks[].timeoutSeconds", timeout],
  ["webhooks[].namespaceSelector", selector],
  ["webhooks[].objectSelector", selector],
  ["webhooks[].clientConfig", exactlyOneTarget],
  ["webhooks[].clientConfig.url", webhookUrl],
  ["webhooks[].clientConfig.service", serviceTarget],
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

function exactlyOneTarget(value: unknown, report: Report): void {
  const { url, service } = (value ?? {}) as { url?: string; service?: object };
  if (Boolean(url) === Boolean(service)) report.required("exactly one of url or service is required");
}

const urlForm = "; desired format: https://host[/path]";

function webhookUrl(value: unknown, report: Report): void {
  if (typeof value !== "string") return;
  const url = URL.parse(value);
  if (!url) return report.required("url must be a valid URL: " + JSON.stringify(value) + urlForm);
  if (url.protocol !== "https:") {
    report.invalid(url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${urlForm}`);
  }
  if (!url.host) report.invalid(url.host, `host must be specified${urlForm}`);
  if (url.username || url.password) report.invalid(url.username, "user information is not permitted in the URL");
  if (url.hash) report.invalid(url.hash.slice(1), "fragments are not permitted in the URL");
  if (url.search) report.invalid(url.search.slice(1), "query parameters are not permitted in the URL");
}

const serviceTargetRules = rules(
  ["name", required("service name is required")],
  ["namespace", required("service namespace is required")],
  ["port", servicePort],
  ["path", servicePath],
);

/** Beside a URL it is not looked at. */
function serviceTarget(value: unknown, report: Report, { url }: Record<string, unknown>): void {
  if (value && !url) serviceTargetRules(value, report);
}

function servicePath(value: unknown, report: Report): void {
  if (typeof value !== "string" || value === "" || value === "/") return;
  if (!value.startsWith("/")) report.invalid(value, "must start with a '/'");
  const steps = value.slice(1).replace(/\/$/, "").split("/");
  steps.forEach((step, i) => {
    if (step === "") report.invalid(value, `segment[${i}] may not be empty`);
    else for (const fault of dnsSubdomain(step)) report.invalid(value, `segment[${i}]: ${fault}`);
  });
}

function servicePort(value: unknown, report: Report): void {
  if (typeof value === "number" && (value < 1 || value > 65535)) {
    report.invalid(value, "port is not valid: must be between 1 and 65535, inclusive");
  }
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
