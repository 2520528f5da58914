/**
 * What one object takes of a namespace's quota: names as quotas name them, amounts exact. Pure; the gate at the API and the
 * loop that keeps `status.used` count with the same functions.
 *
 * Source: "Resource Quotas" of the Kubernetes documentation.
 */
import { groupResourceOf, type KubeObject, parseQuantity } from "../../../schema/mod.ts";
import { type PodUse, sumOfPod } from "../pod_use.ts";

/** Amounts in 10^-9, by name. */
export type Usage = ReadonlyMap<string, bigint>;

type Row = { readonly group: string; readonly plural: string };

const one = 1_000_000_000n;
const nothing: Usage = new Map();

/** Kinds whose plain name is counted too, from before there was `count/`. */
const plainNames = new Set(["replicationcontrollers", "resourcequotas", "secrets", "configmaps"]);

export function usageOf(row: Row, object: KubeObject): Usage {
  const name = groupResourceOf(row);
  const usage = new Map([[`count/${name}`, one]]);
  if (plainNames.has(name)) usage.set(name, one);
  if (name === "pods") addPod(usage, object as Pod);
  if (name === "services") addService(usage, object as Service);
  if (name === "persistentvolumeclaims") addClaim(usage, object as Claim);
  return usage;
}

interface Pod extends PodUse {
  status?: { phase?: string };
  metadata?: { deletionTimestamp?: string; deletionGracePeriodSeconds?: number };
}

/** A pod that is over uses nothing but its place in the store. */
function addPod(usage: Map<string, bigint>, pod: Pod): void {
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") return;
  usage.set("pods", one);
  for (const [name, { nano }] of sumOfPod(pod, "requests")) {
    usage.set(`requests.${name}`, nano);
    if (hasPlainName(name)) usage.set(name, nano);
  }
  for (const [name, { nano }] of sumOfPod(pod, "limits")) usage.set(`limits.${name}`, nano);
}

/** Extended resources are counted by request alone. */
function hasPlainName(name: string): boolean {
  return !name.includes("/");
}

interface Service extends KubeObject {
  spec?: { type?: string; ports?: unknown[]; allocateLoadBalancerNodePorts?: boolean };
}

function addService(usage: Map<string, bigint>, { spec = {} }: Service): void {
  const { type, ports = [], allocateLoadBalancerNodePorts = true } = spec;
  usage.set("services", one);
  if (type === "LoadBalancer") usage.set("services.loadbalancers", one);
  const opens = type === "NodePort" || type === "LoadBalancer" && allocateLoadBalancerNodePorts;
  if (opens) usage.set("services.nodeports", BigInt(ports.length) * one);
}

interface Claim extends KubeObject {
  spec?: { storageClassName?: string; resources?: { requests?: { storage?: string } } };
}

const ofClass = ".storageclass.storage.k8s.io/";

function addClaim(usage: Map<string, bigint>, { spec = {} }: Claim): void {
  const storage = parseQuantity(spec.resources?.requests?.storage ?? 0).nano;
  const prefixes = spec.storageClassName ? ["", spec.storageClassName + ofClass] : [""];
  for (const prefix of prefixes) {
    usage.set(`${prefix}persistentvolumeclaims`, one);
    usage.set(`${prefix}requests.storage`, storage);
  }
}

/** Amounts of a quota by the kinds that they count; what is a pod's is never a claim's. */
export function countedKind(name: string): string {
  if (name.startsWith("count/")) return name.slice("count/".length);
  if (plainNames.has(name)) return name;
  if (name.startsWith("services")) return "services";
  if (name.includes(ofClass) || name === "persistentvolumeclaims" || name === "requests.storage") {
    return "persistentvolumeclaims";
  }
  return "pods";
}

/** `after` less `before`, where it is more than nothing. */
export function growth(after: Usage, before: Usage = nothing): Usage {
  const grown = new Map<string, bigint>();
  for (const [name, amount] of after) {
    const more = amount - (before.get(name) ?? 0n);
    if (more > 0n) grown.set(name, more);
  }
  return grown;
}

/** Kept as long as the object, which is frozen: namespaces are counted often, their objects change seldom. */
const known = new WeakMap<object, Usage>();

export function usageOfStored(row: Row, object: KubeObject): Usage {
  const found = known.get(object);
  if (found) return found;
  const usage = usageOf(row, object);
  known.set(object, usage);
  return usage;
}
