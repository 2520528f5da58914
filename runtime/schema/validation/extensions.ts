/** CustomResourceDefinitions and APIServices: what extends the API. */
import type { ICustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition";
import type { IAPIService } from "kubernetes-models/apiregistration.k8s.io/v1/APIService";
import { goPrinted } from "./go_shape.ts";
import { dns1035Label, dnsSubdomain, type NameRule } from "./names.ts";
import type { Report } from "./report.ts";

type Definition = Omit<ICustomResourceDefinition, "apiVersion" | "kind">;

export function validateDefinition({ metadata, spec }: Definition, report: Report): void {
  const name = metadata?.name ?? "";
  if (name !== `${spec?.names?.plural}.${spec?.group}`) {
    report.at("metadata", "name").invalid(name, 'must be spec.names.plural+"."+spec.group');
  }
  const place = report.at("spec");
  validateGroup(spec?.group, place.at("group"));
  if (!spec?.scope) place.at("scope").required();
  else if (!scopes.includes(spec.scope)) place.at("scope").notSupported(spec.scope, scopes);
  validateVersions(spec?.versions ?? [], place);
  validateDefinedNames(spec, place.at("names"));
}

const scopes = ["Cluster", "Namespaced"];

function validateGroup(group: string | undefined, report: Report): void {
  if (!group) return report.required();
  const faults = dnsSubdomain(group);
  if (faults.length === 0 && !group.includes(".")) faults.push("should be a domain with at least one dot");
  for (const fault of faults) report.invalid(group, fault);
}

type Spec = Definition["spec"];

function validateDefinedNames(spec: Spec, report: Report): void {
  const names = spec?.names;
  for (const field of ["plural", "singular"] as const) report.at(field).requiredName(names?.[field], dns1035Label);
  for (const field of ["kind", "listKind"] as const) report.at(field).requiredName(names?.[field], mixedCase);
  if (names?.kind && names.listKind === names.kind) {
    report.at("listKind").invalid(names.listKind, "kind and listKind may not be the same");
  }
  for (const field of ["shortNames", "categories"] as const) {
    names?.[field]?.forEach((name, i) => report.at(field, i).named(name, dns1035Label));
  }
}

const mixedCase: NameRule = (text) =>
  dns1035Label(text.toLowerCase()).map((fault) => `may have mixed case, but should otherwise match: ${fault}`);

type Version = NonNullable<Spec>["versions"][number];

/** The first version's name is also the one of upstream's own form. */
function validateVersions(versions: readonly Version[], report: Report): void {
  const place = report.at("versions");
  versions.forEach((version, i) => validateVersion(version, place.at(i)));
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    place.invalid(shownVersions(versions), "must contain unique version names");
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    place.invalid(shownVersions(versions), "must have exactly one version marked as storage version");
  }
  const first = versions[0]?.name;
  if (first) report.at("version").named(first, dns1035Label);
}

function validateVersion({ name, deprecated, deprecationWarning, schema }: Version, report: Report): void {
  if (deprecationWarning !== undefined) {
    const place = report.at("deprecationWarning");
    const why = deprecated ? warningFault(deprecationWarning) : "can only be set for deprecated versions";
    if (why) place.invalid(deprecationWarning, why);
  }
  report.at("name").named(name ?? "", dns1035Label);
  if (!schema?.openAPIV3Schema) report.at("schema", "openAPIV3Schema").required();
}

const longestWarning = 256;

function warningFault(text: string): string | undefined {
  if (text === "") return "must not be an empty string";
  if (text.length > longestWarning) return `must be <= ${longestWarning} characters long`;
  const at = text.search(/[[\p{C}\p{Z}]--[ ]]/v);
  return at < 0
    ? undefined
    : `must only contain printable UTF-8 characters; non-printable character found at index ${at}`;
}

/** What all versions share stands beside them in upstream's own form; schemas that differ are too long to be shown here. */
function shownVersions(versions: readonly Version[]): object[] {
  const shape = [["Name", ""], "Served", "Storage", "Deprecated", "DeprecationWarning"] as const;
  const flags = { served: false, storage: false, deprecated: false };
  const shared = { Schema: null, Subresources: null, AdditionalPrinterColumns: null, SelectableFields: null };
  return versions.map((version) => ({ ...goPrinted(shape, { ...flags, ...version }), ...shared }));
}

type OldDefinition = Pick<Definition, "spec">;

export function validateDefinitionUpdate({ spec }: OldDefinition, old: OldDefinition, report: Report): void {
  const place = report.at("spec");
  place.at("group").immutable(spec?.group, old.spec?.group);
  place.at("scope").immutable(spec?.scope, old.spec?.scope);
  place.at("names", "plural").immutable(spec?.names?.plural, old.spec?.names?.plural);
  place.at("names", "kind").immutable(spec?.names?.kind, old.spec?.names?.kind);
}

export function validateApiService({ metadata, spec }: Omit<IAPIService, "apiVersion" | "kind">, report: Report): void {
  const name = metadata?.name ?? "";
  const { group = "", version = "", groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
  const wanted = `${version}.${group}`;
  if (name !== wanted) {
    report.at("metadata", "name").invalid(name, 'must be `spec.version+"."+spec.group`: ' + JSON.stringify(wanted));
  }
  const place = report.at("spec");
  if (group) place.at("group").named(group, dnsSubdomain);
  else if (version !== "v1") place.at("group").required("only v1 may have an empty group and it better be legacy kube");
  for (const fault of dns1035Label(version)) place.at("version").invalid(version, fault);
  validatePriority(groupPriorityMinimum, 20_000, place.at("groupPriorityMinimum"));
  validatePriority(versionPriority, 1_000, place.at("versionPriority"));
  if (spec?.service) validateService(spec.service, place.at("service"));
  if (spec?.insecureSkipTLSVerify && spec.caBundle) {
    place.at("insecureSkipTLSVerify").invalid(true, "may not be true if caBundle is present");
  }
}

function validatePriority(priority: number, highest: number, report: Report): void {
  if (priority <= 0 || priority > highest) report.invalid(priority, `must be positive and less than ${highest}`);
}

type Service = NonNullable<NonNullable<IAPIService["spec"]>["service"]>;

function validateService({ namespace, name, port = 443 }: Service, report: Report): void {
  if (!namespace) report.at("namespace").required();
  if (!name) report.at("name").required();
  if (port < 1 || port > 65_535) {
    report.at("port").invalid(port, "port is not valid: must be between 1 and 65535, inclusive");
  }
}
