/** DeviceClasses, ResourceClaims, their templates, ResourceSlices (KEP-4381). */
import { dnsLabel, dnsSubdomain, type NameRule, qualifiedName } from "./names.ts";
import { type Check, fewerThan, isEmpty, named, required, type Rule, rules, unique } from "./rules.ts";

const listSize = 32;

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
    [`${place}.config[].opaque.parameters`, (value, report) => value === undefined && report.required()],
  ];
}

export const validateDeviceClass = rules(
  ...selectorRules("spec"),
  ...configRules("spec"),
  ["spec.extendedResourceName", named(qualifiedName)],
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
          report.at(list, i, "requests", j).invalid(name, "must be the name of a request in the claim");
        }
      })
    );
  }
};

function claimRules(spec: string): Rule[] {
  const devices = `${spec}.devices`;
  return [
    [`${devices}.requests`, fewerThan(listSize), unique("name")],
    [`${devices}.requests[].name`, required(), named(dnsLabel)],
    [`${devices}.requests[]`, oneKind],
    ...requestRules(`${devices}.requests[].exactly`),
    [`${devices}.requests[].firstAvailable`, fewerThan(8), unique("name")],
    [`${devices}.requests[].firstAvailable[].name`, required(), named(dnsLabel)],
    ...requestRules(`${devices}.requests[].firstAvailable[]`),
    [devices, ofThisClaim],
    [`${devices}.constraints`, fewerThan(listSize)],
    ...configRules(devices),
  ];
}

export const validateResourceClaim = rules(...claimRules("spec"));
export const validateResourceClaimTemplate = rules(...claimRules("spec.spec"));

const places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];

const onePlace: Check = (value, report) => {
  const spec = value as Record<string, unknown>;
  const set = places.filter((field) => spec[field] !== undefined && spec[field] !== "" && spec[field] !== false);
  const words = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (set.length === 0) report.required(words);
  else if (set.length > 1) report.invalid(`{${set.join(", ")}}`, words);
};

/** Slash-separated subdomains. */
const poolName: NameRule = (text) => text.split("/").flatMap(dnsSubdomain);

const attributes: Check = (value, report) => {
  for (const [name, attribute] of Object.entries((value ?? {}) as Record<string, object>)) {
    const set = Object.keys(attribute ?? {}).length;
    if (set === 0) report.key(name).required("exactly one value must be specified");
    else if (set > 1) report.key(name).invalid(attribute, "exactly one value must be specified");
  }
};

export const validateResourceSlice = rules(
  ["spec.driver", required(), named(dnsSubdomain)],
  ["spec", onePlace],
  ["spec.pool.name", required(), named(poolName)],
  ["spec.pool.generation", (value, report) => report.nonNegative(value as number | undefined)],
  ["spec.pool.resourceSliceCount", (value, report) => {
    if (Number(value ?? 0) <= 0) report.invalid(Number(value ?? 0), "must be greater than zero");
  }],
  ["spec.devices", fewerThan(128), unique("name")],
  ["spec.devices[].name", required(), named(dnsLabel)],
  ["spec.devices[].attributes", attributes],
  ["spec.devices[].taints", fewerThan(16)],
  ["spec.devices[].taints[].key", required(), named(qualifiedName)],
  ["spec.devices[].taints[].effect", required()],
);
