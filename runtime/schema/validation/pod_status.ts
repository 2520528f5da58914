/** What a Pod's status may say: addresses, the QoS class that it was made with, containers that it has. */
import type { IPod } from "kubernetes-models/v1/Pod";
import { isIP } from "node:net";
import { dnsSubdomain, qualifiedName } from "./names.ts";
import { validateIp } from "./numbers.ts";
import type { Report } from "./report.ts";

type Status = NonNullable<IPod["status"]>;
type Addresses = readonly { ip?: string }[];

export function validatePodStatus({ spec, status = {} }: IPod, old: IPod, report: Report): void {
  const place = report.at("status");
  status.conditions?.forEach(({ type }, i) => place.at("conditions", i, "Type").named(type, qualifiedName));
  if (status.nominatedNodeName) place.at("nominatedNodeName").named(status.nominatedNodeName, dnsSubdomain);
  validateAddresses(status.podIPs, place.at("podIPs"));
  validateHost(status, place.at("hostIPs"));
  if (old.status?.qosClass) place.at("qosClass").immutable(status.qosClass ?? "", old.status.qosClass);
  if ((status.observedGeneration ?? 0) < 0) {
    place.at("observedGeneration").invalid(status.observedGeneration, "must be a non-negative integer");
  }
  const claims = spec?.resourceClaims?.map(({ name }) => name) ?? [];
  status.resourceClaimStatuses?.forEach(({ name }, i) => {
    if (claims.includes(name)) return;
    const words = "must match the name of an entry in `spec.resourceClaims`";
    place.at("resourceClaimStatuses", i, "name").invalid(name, words);
  });
  if (old.spec) validateEnded(status, old, place);
}

function validateHost({ hostIP = "", hostIPs = [] }: Status, report: Report): void {
  validateAddresses(hostIPs, report);
  const [first] = hostIPs;
  if (first && first.ip !== hostIP) report.at(0, "ip").invalid(first.ip, "must be equal to `hostIP`");
}

function validateAddresses(addresses: Addresses = [], report: Report): void {
  addresses.forEach(({ ip = "" }, i) => validateIp(ip, report.at(i)));
  const families = addresses.map(({ ip }) => isIP(ip ?? "")).filter((family) => family !== 0);
  if (addresses.length > 1 && (new Set(families).size < families.length || addresses.length > 2)) {
    const shown = addresses.map(({ ip }) => ({ IP: ip }));
    report.invalid(shown, "may specify no more than one IP for each IP family");
  }
}

const lists = [
  ["containerStatuses", "containers"],
  ["initContainerStatuses", "initContainers"],
] as const;

/** A container that ended does not run again where nothing starts it again. */
function validateEnded(status: Status, { spec, status: before }: IPod, report: Report): void {
  for (const [list, kind] of lists) {
    before?.[list]?.forEach((was) => {
      if (!was.state?.terminated || !staysEnded(spec!, kind, was)) return;
      const now = status[list]?.find(({ name }) => name === was.name);
      const i = status[list]?.indexOf(now!) ?? -1;
      if (now && !now.state?.terminated) {
        report.at(list, i, "state").forbidden("may not be transitioned to non-terminated state");
      }
    });
  }
}

type Was = NonNullable<Status["containerStatuses"]>[number];

function staysEnded(
  spec: NonNullable<IPod["spec"]>,
  kind: "containers" | "initContainers",
  { name, state }: Was,
): boolean {
  const container = spec[kind]?.find((one) => one.name === name);
  if (!container || (container.restartPolicy ?? spec.restartPolicy) === "Always") return false;
  return spec.restartPolicy === "Never" || state?.terminated?.exitCode === 0;
}
