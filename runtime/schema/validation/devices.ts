/** DeviceClasses, ResourceClaims, their templates, ResourceSlices (KEP-4381). */
import { dnsLabel, dnsSubdomain, type NameRule, qualifiedName } from "./names.ts";
import type { ObjectMeta } from "../object.ts";
import { validateAnnotations, validateLabels } from "./metadata.ts";
import type { Report } from "./report.ts";
import { atLeast, type Check, fewerThan, isEmpty, named, required, type Rule, rules } from "./rules.ts";

const listSize = 32;

/** Upstream asks for no name by its grammar alone. */
const label: Check = (value, report) => report.named(String(value ?? ""), dnsLabel);

/** Who repeats a name is told as a whole. */
const uniqueNames: Check = (value, report) => {
  if (!Array.isArray(value)) return;
  const seen = new Set<string>();
  value.forEach(({ name }: { name?: string }, i) => {
    if (name && seen.has(name)) report.at(i).duplicate(name);
    seen.add(name ?? "");
  });
};

const oneAttribute: Check = (value, report) => {
  const { matchAttribute, distinctAttribute } = value as Record<string, string | undefined>;
  const wanted = 'exactly one of "matchAttribute" or "distinctAttribute" is required';
  if (!matchAttribute && !distinctAttribute) report.required(`${wanted}, but multiple fields are set`);
  if (matchAttribute && !matchAttribute.includes("/")) {
    const why = "a fully qualified name must be a domain and a name separated by a slash";
    report.at("matchAttribute").invalid(matchAttribute, why);
  }
};

/** One that pods may ask for as for a number of something. */
function isExtendedName(name: string): boolean {
  return name.includes("/") && !/(^|\.)kubernetes\.io\//.test(name) && !name.startsWith("requests.");
}

function selectorRules(place: string): Rule[] {
  return [
    [`${place}.selectors`, fewerThan(listSize)],
    [`${place}.selectors[].cel`, required()],
    [`${place}.selectors[].cel.expression`, required()],
  ];
}

function configRules(place: string): Rule[] {
  return [
    [`${place}.config`, fewerThan(listSize)],
    [`${place}.config[].opaque`, required()],
    [`${place}.config[].opaque.driver`, required(), named(dnsSubdomain)],
    [`${place}.config[].opaque.parameters`, (value, report) => {
      if (value === undefined) report.required();
      else if (typeof value !== "object") report.invalid("<value omitted>", "must be a valid JSON object");
    }],
  ];
}

export const validateDeviceClass = rules(
  ...selectorRules("spec"),
  ...configRules("spec"),
  ["spec.extendedResourceName", named(qualifiedName), (value, report) => {
    if (typeof value === "string" && value !== "" && !isExtendedName(value)) {
      report.invalid(value, "must be a valid extended resource name");
    }
  }],
);

const count: Check = (value, report, { allocationMode }) => {
  const wanted = Number(value ?? 0);
  if (allocationMode === "All" && wanted !== 0) {
    report.invalid(value, `must not be specified when allocationMode is 'All'`);
  }
  if (allocationMode === "ExactCount" && wanted <= 0) report.invalid(wanted, "must be greater than zero");
};

const modes: Check = (value, report) => {
  if (value !== undefined && value !== "All" && value !== "ExactCount") {
    report.notSupported(value, ["All", "ExactCount"]);
  }
};

const oneKind: Check = (value, report) => {
  const { exactly, firstAvailable } = value as Record<string, unknown>;
  if (exactly && !isEmpty(firstAvailable)) {
    report.invalid("", "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set");
  } else if (!exactly && isEmpty(firstAvailable)) {
    report.required("exactly one of `exactly` or `firstAvailable` is required");
  }
};

function requestRules(place: string): Rule[] {
  return [
    [`${place}.deviceClassName`, required(), named(dnsSubdomain)],
    ...selectorRules(place),
    [`${place}.allocationMode`, modes],
    [`${place}.count`, count],
  ];
}

interface Devices {
  readonly requests?: { readonly name: string; readonly firstAvailable?: { readonly name: string }[] }[];
}

const unknownRequest =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** What constraints and configurations may name: a request, or one of its alternatives as `request/alternative`. */
const ofThisClaim: Check = (value, report) => {
  const devices = (value ?? {}) as Devices & Record<"constraints" | "config", { requests?: string[] }[] | undefined>;
  const known = new Set(
    devices.requests?.flatMap((
      { name, firstAvailable = [] },
    ) => [name, ...firstAvailable.map((one) => `${name}/${one.name}`)]),
  );
  for (const list of ["constraints", "config"] as const) {
    devices[list]?.forEach(({ requests }, i) =>
      requests?.forEach((name, j) => {
        if (!known.has(name)) {
          report.at(list, i, "requests", j).invalid(name, unknownRequest);
        }
      })
    );
  }
};

function claimRules(spec: string): Rule[] {
  const devices = `${spec}.devices`;
  return [
    [`${devices}.requests`, fewerThan(listSize), uniqueNames],
    [`${devices}.requests[].name`, label],
    [`${devices}.requests[]`, oneKind],
    ...requestRules(`${devices}.requests[].exactly`),
    [`${devices}.requests[].firstAvailable`, fewerThan(8), uniqueNames],
    [`${devices}.requests[].firstAvailable[].name`, label],
    ...requestRules(`${devices}.requests[].firstAvailable[]`),
    [devices, ofThisClaim],
    [`${devices}.constraints`, fewerThan(listSize)],
    [`${devices}.constraints[]`, oneAttribute],
    ...configRules(devices),
  ];
}

export const validateResourceClaim = rules(...claimRules("spec"));
const validateInnerClaim = rules(...claimRules("spec.spec"));

interface ClaimTemplate {
  readonly spec?: { readonly metadata?: ObjectMeta };
}

/** Claims are named by who makes them. */
export function validateResourceClaimTemplate(template: object, report: Report): void {
  const meta = (template as ClaimTemplate).spec?.metadata ?? {};
  const place = report.at("spec", "metadata");
  if (meta.name) place.at("name").forbidden("cannot be set");
  validateLabels(meta.labels, place.at("labels"));
  validateAnnotations(meta.annotations, place.at("annotations"));
  validateInnerClaim(template, report);
}

const places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];

const onePlace: Check = (value, report) => {
  const spec = value as Record<string, unknown>;
  const set = places.filter((field) => spec[field] !== undefined && spec[field] !== "" && spec[field] !== false);
  const words = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  const given = set.map((field) => `\`${field}\``).join(", ");
  if (spec.nodeName === "") report.at("nodeName").invalid("", "must be either unset or set to a non-empty string");
  if (set.length === 0) report.required(words);
  else if (set.length > 1) report.invalid(`{${given}}`, `${words}, but multiple fields are set`);
};

/** Slash-separated subdomains. */
const poolName: NameRule = (text) => text.split("/").flatMap(dnsSubdomain);

const attributes: Check = (value, report) => {
  for (const [name, attribute] of Object.entries((value ?? {}) as Record<string, object>)) {
    const set = Object.keys(attribute ?? {});
    const place = report.key(name);
    deviceName(name, report);
    if (set.length === 0) place.invalid("", "exactly one value must be specified");
    else if (set.length > 1) place.invalid(shownAttribute(attribute), "exactly one value must be specified");
    else validateValue(attribute as Attribute, place);
  }
};

interface Attribute {
  readonly string?: string;
  readonly version?: string;
}

const longestText = 64;
const semanticVersion =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

function validateValue({ string, version }: Attribute, report: Report): void {
  if (string !== undefined && string.length > longestText) report.at("string").tooLong(longestText);
  if (version === undefined) return;
  if (!semanticVersion.test(version)) {
    report.at("version").invalid(version, "must be a string compatible with semver.org spec 2.0.0");
  }
  if (version.length > longestText) report.at("version").tooLong(longestText);
}

/** Upstream calls the kinds of values by other names inside. */
function shownAttribute(attribute: object): object {
  const given = attribute as Record<string, unknown>;
  const kinds = ["int", "bool", "string", "version"];
  const value = (suffix: string) => (kind: string) => [
    `${kind[0]!.toUpperCase()}${kind.slice(1)}Value${suffix}`,
    given[`${kind}${suffix}`] ?? null,
  ];
  return Object.fromEntries([...kinds.map(value("")), ...kinds.map(value("s"))]);
}

/** Of an attribute or a capacity: an identifier, after its owner's domain where it isn't the driver's. */
function deviceName(name: string, report: Report): void {
  const [id = "", domain] = name.split("/").reverse();
  if (domain !== undefined) { for (const fault of dnsSubdomain(domain)) report.invalid(domain, fault); }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(id)) report.invalid(id, identifierWords);
}

const identifierWords =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or " +
  "'_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";

export const validateResourceSlice = rules(
  ["spec.driver", required(), named(dnsSubdomain)],
  ["spec", onePlace],
  ["spec.pool.name", required(), named(poolName)],
  ["spec.pool.generation", atLeast(0, "must be greater than or equal to zero")],
  ["spec.pool.resourceSliceCount", (value, report) => {
    if (Number(value ?? 0) <= 0) report.invalid(Number(value ?? 0), "must be greater than zero");
  }],
  ["spec.nodeName", named(dnsSubdomain)],
  ["spec.devices", fewerThan(128), uniqueNames],
  ["spec.devices[].name", label],
  ["spec.devices[].attributes", attributes],
  ["spec.devices[].capacity", (value, report) => {
    for (const name of Object.keys((value ?? {}) as object)) deviceName(name, report);
  }],
  ["spec.devices[].taints", fewerThan(16)],
  ["spec.devices[].taints[].key", required(), named(qualifiedName)],
  ["spec.devices[].taints[].effect", required()],
);
