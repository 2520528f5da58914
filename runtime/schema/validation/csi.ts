/** What CSI drivers tell about themselves, and what is attached where. */
import type { ICSINode } from "kubernetes-models/storage.k8s.io/v1/CSINode";
import type { IVolumeAttributesClass } from "kubernetes-models/storage.k8s.io/v1/VolumeAttributesClass";
import { compareQuantities } from "../quantity.ts";
import { dnsSubdomain, type NameRule, qualifiedName } from "./names.ts";
import { type Report, sameJson } from "./report.ts";
import { atLeast, fixed, isEmpty, named, oneOf, required, rules, unique } from "./rules.ts";
import { validateLabelSelector } from "./selectors.ts";

const longestDriverName = 63;

/** A subdomain, in upper case too. */
const driverName: NameRule = (text) => [
  ...(text.length > longestDriverName ? [`must be no more than ${longestDriverName} characters`] : []),
  ...dnsSubdomain(text.toLowerCase()),
];

const tokenSeconds = "may not specify a duration less than 10 minutes";
const longestTokenSeconds = 2 ** 32;

export const validateCsiDriver = rules(
  ["metadata.name", (value, report) => {
    if (String(value).length > longestDriverName) report.tooLong(longestDriverName);
  }],
  ["spec.attachRequired", (value, report) => value === undefined && report.required()],
  ["spec.podInfoOnMount", (value, report) => value === undefined && report.required()],
  ["spec.storageCapacity", (value, report) => value === undefined && report.required()],
  ["spec.volumeLifecycleModes[]", oneOf("Ephemeral", "Persistent")],
  ["spec.tokenRequests", unique("audience")],
  ["spec.tokenRequests[].expirationSeconds", atLeast(600, tokenSeconds), (value, report) => {
    if (Number(value ?? 0) > longestTokenSeconds) {
      report.invalid(value, "may not specify a duration larger than 2^32 seconds");
    }
  }],
  [
    "spec.nodeAllocatableUpdatePeriodSeconds",
    atLeast(10, "must be greater than or equal to 10 seconds"),
  ],
);

export const validateCsiDriverUpdate = fixed("spec.attachRequired", "spec.volumeLifecycleModes");

export const validateCsiNode = rules(
  ["spec.drivers", unique("name")],
  ["spec.drivers[].name", required(), named(driverName)],
  ["spec.drivers[].nodeID", required(), (value, report) => {
    if (String(value ?? "").length > 256) report.invalid(value, "must be 256 characters or less");
  }],
  ["spec.drivers[].topologyKeys", unique()],
  ["spec.drivers[].topologyKeys[]", required(), named(qualifiedName)],
  ["spec.drivers[].allocatable.count", atLeast(0, "must be greater than or equal to 0")],
);

/** Drivers come and go; what one has said of itself stays, but for how much it can take. */
export function validateCsiNodeUpdate({ spec }: ICSINode, old: ICSINode, report: Report): void {
  spec?.drivers?.forEach((driver, i) => {
    const before = old.spec?.drivers?.find(({ name }) => name === driver.name);
    if (!before) return;
    const [now, then] = [driver, before].map(({ allocatable: _, ...rest }) => rest);
    if (!sameJson(now, then)) report.at("spec", "drivers", i).invalid(driver, "field is immutable");
  });
}

const size = (value: unknown, report: Report) => {
  if (value !== undefined && compareQuantities(value as string, 0) < 0) {
    report.invalid(String(value), "must be greater than or equal to 0");
  }
};

export const validateCsiCapacity = rules(
  ["storageClassName", (value, report) => report.named(String(value ?? ""), dnsSubdomain)],
  ["capacity", size],
  [
    "nodeTopology",
    (value, report) => validateLabelSelector(value as Parameters<typeof validateLabelSelector>[0], report),
  ],
);

export const validateCsiCapacityUpdate = fixed("nodeTopology", "storageClassName");

export const validateAttachment = rules(
  ["spec.attacher", required(), named(driverName)],
  ["spec.nodeName", (value, report) => report.named(String(value ?? ""), dnsSubdomain)],
  ["spec.source", (value, report) => {
    const { inlineVolumeSpec, persistentVolumeName } = (value ?? {}) as Record<string, unknown>;
    const words = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    if (!inlineVolumeSpec && persistentVolumeName === undefined) report.required(words);
    else if (inlineVolumeSpec && persistentVolumeName !== undefined) report.forbidden(words);
    else if (persistentVolumeName !== undefined) {
      validateVolumeName(String(persistentVolumeName), report.at("persistentVolumeName"));
    }
  }],
);

function validateVolumeName(name: string, report: Report): void {
  if (name === "") report.required("must specify non empty persistentVolumeName");
  report.named(name, dnsSubdomain);
}

export const validateAttributesClass = rules(
  ["driverName", required(), named(driverName)],
  ["parameters", (value, report) => isEmpty(value) && report.required("must contain at least one key/value pair")],
);

export function validateAttributesClassUpdate(
  now: IVolumeAttributesClass,
  old: IVolumeAttributesClass,
  report: Report,
): void {
  for (const field of ["driverName", "parameters"] as const) {
    if (!sameJson(now[field], old[field])) report.at(field).forbidden(`updates to ${field} are forbidden.`);
  }
}
