/** Where a webhook is and in which versions it is spoken to: of admission and of conversion alike. */
import type { FieldError } from "../field_error.ts";
import { dns1035Label, dnsSubdomain } from "./names.ts";
import { Report } from "./report.ts";
import { type Check, isEmpty, required, type Rule, rules } from "./rules.ts";

/** A conversion's webhook, as upstream's own form has it. */
export function validateReviewedWebhook(webhook: object, place: string): FieldError[] {
  const report = new Report();
  conversionRules(webhook, report.at(place));
  return report.faults;
}

export function clientRules(place: string): Rule[] {
  return [
    [place, exactlyOneTarget],
    [`${place}.url`, webhookUrl],
    [`${place}.service`, serviceTarget],
  ];
}

const spoken = ["v1", "v1beta1"];

export const reviewVersions: Check = (value, report) => {
  if (!Array.isArray(value) || isEmpty(value)) return;
  value.forEach((version, i) => {
    report.at(i).named(version, dns1035Label);
    if (value.indexOf(version) < i) report.at(i).invalid(version, "duplicate version");
  });
  if (!value.some((one) => spoken.includes(one))) report.invalid(value, "must include at least one of v1, v1beta1");
};

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
  ["name", required()],
  ["namespace", required()],
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

const conversionRules = rules(
  ["webhookClientConfig", (value, report) => value !== undefined && exactlyOneTarget(value, report)],
  ["webhookClientConfig.url", webhookUrl],
  ["webhookClientConfig.service", serviceTarget],
  ["conversionReviewVersions", required(), reviewVersions],
);
