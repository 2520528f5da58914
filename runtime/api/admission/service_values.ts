/**
 * An update of a Service that leaves out what the server had allocated keeps it, and one that changes the type lets go of
 * what the new type has no use for. That is what makes `kubectl replace` of a plain manifest work.
 */
import { groupResourceOf } from "../../schema/mod.ts";
import {
  mayHaveNodePorts,
  type ServiceSpec,
  specOf,
  wantsClusterIp,
  wantsHealthCheckPort,
} from "../allocators/service.ts";
import type { AdmissionPlugin } from "./admission.ts";

export const serviceValues: AdmissionPlugin = {
  name: "ServiceValues",
  admit({ resource, operation, object, old, subresource }) {
    if (groupResourceOf(resource) !== "services" || operation !== "UPDATE" || subresource) return;
    const spec = specOf(object);
    const before = specOf(old);
    keep(spec, before);
    letGo(spec, before);
  },
};

function keep(spec: ServiceSpec, before: ServiceSpec): void {
  if (wantsClusterIp(spec) && wantsClusterIp(before) && !spec.clusterIP) {
    spec.clusterIP = before.clusterIP;
    spec.clusterIPs ??= before.clusterIPs && [...before.clusterIPs];
  }
  if (spec.type !== "ExternalName" && before.type !== "ExternalName") {
    spec.ipFamilies ??= before.ipFamilies && [...before.ipFamilies];
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
  }
  if (mayHaveNodePorts(spec) && mayHaveNodePorts(before)) keepNodePorts(spec, before);
  if (wantsHealthCheckPort(spec) && wantsHealthCheckPort(before)) {
    spec.healthCheckNodePort ||= before.healthCheckNodePort;
  }
}

function keepNodePorts({ ports = [] }: ServiceSpec, before: ServiceSpec): void {
  const asked = new Set(ports.map(({ nodePort }) => nodePort));
  for (const port of ports) {
    if (port.nodePort) continue;
    const same = before.ports?.find((old) => old.port === port.port && old.protocol === port.protocol);
    if (same?.nodePort && !asked.has(same.nodePort)) port.nodePort = same.nodePort;
  }
}

/** Only what is as the server left it: what the client asks for against the type is for validation to refuse. */
function letGo(spec: ServiceSpec, before: ServiceSpec): void {
  if (wantsClusterIp(before) && spec.type === "ExternalName" && spec.clusterIP === before.clusterIP) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
  }
  if (mayHaveNodePorts(before) && !mayHaveNodePorts(spec)) {
    const held = new Set(before.ports?.map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) if (held.has(port.nodePort)) delete port.nodePort;
  }
  if (wantsHealthCheckPort(before) && !wantsHealthCheckPort(spec)) delete spec.healthCheckNodePort;
}
