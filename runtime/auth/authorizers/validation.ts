/** What is wrong with an AuthorizationConfiguration, in upstream's words. Pure. */
import { durationMs } from "../structured/duration.ts";
import { FieldFaults } from "../structured/field_faults.ts";
import type { AuthorizationConfiguration, WebhookConfiguration } from "./configuration.ts";
import { conditionFault } from "./match_conditions.ts";

/** What d8s can ask. Upstream's ABAC, AlwaysAllow and AlwaysDeny are not among them. */
const types = ["Node", "RBAC", "Webhook"];
const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const longestMs = 30_000;

/** Throws an Error with every fault. */
export function checkAuthorization({ authorizers }: AuthorizationConfiguration): void {
  const faults = new FieldFaults();
  if (authorizers.length === 0) faults.required("authorizers", "at least one authorization mode must be defined");
  authorizers.forEach(({ type, name, webhook }, at) => {
    const path = `authorizers[${at}]`;
    const before = authorizers.slice(0, at);
    if (!type) return faults.required(`${path}.type`);
    if (!types.includes(type)) return faults.unsupported(`${path}.type`, type, types);
    if (type !== "Webhook" && before.some((one) => one.type === type)) return faults.duplicate(`${path}.type`, type);
    checkName(faults, `${path}.name`, name, before);
    if (type !== "Webhook") {
      if (webhook) faults.invalid(`${path}.webhook`, "non-null", "may only be specified when type=Webhook");
    } else if (webhook) checkWebhook(faults, path, webhook);
    else faults.required(`${path}.webhook`, "required when type=Webhook");
  });
  faults.throwAny();
}

function checkName(faults: FieldFaults, path: string, name: string, before: readonly { name: string }[]): void {
  if (!name) return faults.required(path);
  if (before.some((one) => one.name === name)) faults.duplicate(path, name);
  if (name.length <= 253 && new RegExp(`^${subdomain}$`).test(name)) return;
  const why = "authorizer name is invalid: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric " +
    "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for " +
    `validation is '${subdomain}')`;
  faults.invalid(path, name, why);
}

function checkWebhook(faults: FieldFaults, path: string, webhook: WebhookConfiguration): void {
  const { timeout, authorizedTTL, unauthorizedTTL, matchConditions, connectionInfo } = webhook;
  const timeoutMs = durationMs(timeout);
  if (!timeout || timeoutMs === 0) faults.required(`${path}.timeout`);
  else if (timeoutMs === undefined || timeoutMs < 0 || timeoutMs > longestMs) {
    faults.invalid(`${path}.timeout`, timeout, "must be > 0s and <= 30s");
  }
  for (const [field, text] of Object.entries({ authorizedTTL, unauthorizedTTL })) {
    if (!((durationMs(text) ?? -1) >= 0)) faults.invalid(`${path}.${field}`, text, "must be > 0s");
  }
  const oneOf = (field: string, value: string, values: readonly string[]) => {
    if (!value) faults.required(`${path}.${field}`);
    else if (!values.includes(value)) faults.unsupported(`${path}.${field}`, value, values);
  };
  oneOf("subjectAccessReviewVersion", webhook.subjectAccessReviewVersion, ["v1", "v1beta1"]);
  checkConditionVersion(faults, `${path}.matchConditionSubjectAccessReviewVersion`, webhook);
  oneOf("failurePolicy", webhook.failurePolicy, ["NoOpinion", "Deny"]);
  oneOf("connectionInfo.type", connectionInfo.type, ["InClusterConfig", "KubeConfigFile"]);
  checkKubeconfig(faults, `${path}.connectionInfo.kubeConfigFile`, connectionInfo);
  matchConditions.forEach(({ expression }, place) => {
    const at = `${path}.matchConditions[${place}].expression`;
    if (!expression.trim()) return faults.required(at);
    if (matchConditions.findIndex((one) => one.expression === expression) < place) {
      return faults.duplicate(at, expression);
    }
    const fault = conditionFault(expression);
    if (fault) faults.invalid(at, expression, fault);
  });
}

function checkConditionVersion(faults: FieldFaults, path: string, webhook: WebhookConfiguration): void {
  const { matchConditionSubjectAccessReviewVersion: version, matchConditions } = webhook;
  if (!version && matchConditions.length > 0) faults.required(path, "required if match conditions are specified");
  if (version && version !== "v1") faults.unsupported(path, version, ["v1"]);
}

function checkKubeconfig(
  faults: FieldFaults,
  path: string,
  { type, kubeConfigFile }: WebhookConfiguration["connectionInfo"],
): void {
  if (type === "InClusterConfig" && kubeConfigFile) {
    return faults.invalid(path, kubeConfigFile, "can only be set when type=KubeConfigFile");
  }
  if (type !== "KubeConfigFile") return;
  if (!kubeConfigFile) faults.required(path);
  else if (!kubeConfigFile.startsWith("/")) faults.invalid(path, kubeConfigFile, "must be an absolute path");
}
