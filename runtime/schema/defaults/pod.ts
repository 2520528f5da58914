/** What upstream fills in for pods and for the pods that templates describe. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import { formatQuantity, parseQuantity } from "../quantity.ts";
import { type AnyContainer, defaultContainer } from "./container.ts";
import { fill } from "./fill.ts";
import { defaultVolume } from "./volume.ts";

/** A pod of its own gets more than a template: the rest is decided when the template becomes a pod. */
export function defaultPod(pod: IPod): void {
  const spec = pod.spec;
  if (!spec) return;
  defaultPodSpec(spec);
  fill(spec, { enableServiceLinks: true });
  for (const container of containersOf(spec)) {
    requestWhatIsLimited(container);
    if (spec.hostNetwork) publishOnHost(container);
  }
  if (spec.resources) requestForPod(spec);
}

export function defaultPodTemplate(template?: IPodTemplateSpec): void {
  if (template?.spec) defaultPodSpec(template.spec);
}

function containersOf(spec: IPodSpec): AnyContainer[] {
  return [...spec.containers ?? [], ...spec.initContainers ?? []];
}

function defaultPodSpec(spec: IPodSpec): void {
  // The old name of the field is still written for old readers.
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  if (account) spec.serviceAccountName = spec.serviceAccount = account;
  fill(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
  });
  // A negative grace is an old way of asking for the shortest.
  if (spec.terminationGracePeriodSeconds! < 0) spec.terminationGracePeriodSeconds = 1;
  spec.securityContext ??= {};
  spec.volumes?.forEach(defaultVolume);
  containersOf(spec).forEach(defaultContainer);
  spec.ephemeralContainers?.forEach(defaultContainer);
}

function requestWhatIsLimited({ resources }: AnyContainer): void {
  if (!resources?.limits) return;
  const requests = resources.requests ??= {};
  fill(requests, { ...resources.limits });
}

/** A port of the host's network is the container's own. */
function publishOnHost({ ports }: AnyContainer): void {
  for (const port of ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort;
}

const ofPods = /^(cpu|memory|hugepages-.*)$/;

/** A pod asks for what its containers ask for together, and for its own limit where none of them asks (KEP-2837). */
function requestForPod(spec: IPodSpec): void {
  const { limits } = spec.resources!;
  if (!limits) return;
  const requests = spec.resources!.requests ??= {};
  for (const [name, limit] of Object.entries(limits)) {
    if (ofPods.test(name)) requests[name] ??= askedByContainers(spec, name) ?? limit;
  }
}

function askedByContainers(spec: IPodSpec, name: string): string | undefined {
  const asked = spec.containers.map(({ resources }) => resources?.requests?.[name]);
  const amounts = asked.filter((amount) => amount !== undefined).map(parseQuantity);
  const nano = amounts.reduce((sum, amount) => sum + amount.nano, 0n);
  return nano > 0n ? formatQuantity({ nano, format: amounts[0]!.format }) : undefined;
}
