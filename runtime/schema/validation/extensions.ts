/** CustomResourceDefinitions and APIServices: what extends the API. */
import type { ICustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition";
import type { IAPIService } from "kubernetes-models/apiregistration.k8s.io/v1/APIService";
import { dns1035Label, dnsLabel, dnsSubdomain } from "./names.ts";
import type { Report } from "./report.ts";

type Definition = Omit<ICustomResourceDefinition, "apiVersion" | "kind">;

export function validateDefinition({ metadata, spec }: Definition, report: Report): void {
  const name = metadata?.name ?? "";
  if (name !== `${spec?.names?.plural}.${spec?.group}`) {
    report.at("metadata", "name").invalid(name, 'must be spec.names.plural+"."+spec.group');
  }
  const place = report.at("spec");
  validateGroup(spec?.group, place.at("group"));
  validateDefinedNames(spec, place.at("names"));
  if (!spec?.scope) place.at("scope").required();
  else if (!scopes.includes(spec.scope)) place.at("scope").notSupported(spec.scope, scopes);
  validateVersions(spec, place.at("versions"));
}

const scopes = ["Cluster", "Namespaced"];

function validateGroup(group: string | undefined, report: Report): void {
  if (!group) return report.required();
  report.named(group, dnsSubdomain);
  if (!group.includes(".")) report.invalid(group, "should be a domain with at least one dot");
}

type Spec = Definition["spec"];

function validateDefinedNames(spec: Spec, report: Report): void {
  const names = spec?.names;
  for (const field of ["plural", "kind"] as const) if (!names?.[field]) report.at(field).required();
  if (names?.plural) report.at("plural").named(names.plural, dns1035Label);
  if (names?.kind) {
    for (const fault of dns1035Label(names.kind.toLowerCase())) {
      report.at("kind").invalid(names.kind, `may have mixed case, but should otherwise match: ${fault}`);
    }
  }
  names?.shortNames?.forEach((name, i) => report.at("shortNames", i).named(name, dns1035Label));
  if (names?.kind && names.listKind === names.kind) {
    report.at("listKind").invalid(names.listKind, "kind and listKind may not be the same");
  }
}

function validateVersions(spec: Spec, report: Report): void {
  const versions = spec?.versions ?? [];
  const names = new Set<string>();
  versions.forEach((version, i) => {
    const place = report.at(i);
    if (names.has(version.name)) place.at("name").invalid(version.name, "must be unique");
    names.add(version.name);
    place.at("name").requiredName(version.name, dnsLabel);
    const schema = version.schema?.openAPIV3Schema;
    if (!schema) place.at("schema", "openAPIV3Schema").required("schemas are required");
    else if (schema.type !== "object") {
      const type = place.at("schema", "openAPIV3Schema", "type");
      if (schema.type) type.invalid(schema.type, "must be object at the root");
      else type.required("must not be empty at the root");
    }
  });
  if (versions.filter((version) => version.storage).length !== 1) {
    report.invalid(versions, "must have exactly one version marked as storage version");
  }
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
