/**
 * Which labels a node may not give itself: workloads are kept to trusted nodes by labels that only others set.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
const own = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
]);
const ownDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const reserved = ["kubernetes.io", "k8s.io"];

type Labels = Readonly<Record<string, string>>;

/** Changed, added or taken away, sorted. */
export function forbiddenLabels(now: Labels = {}, before: Labels = {}): string[] {
  const keys = new Set([...Object.keys(now), ...Object.keys(before)]);
  return [...keys].filter((key) => now[key] !== before[key] && isForbidden(key)).sort();
}

function isForbidden(key: string): boolean {
  const [domain, name] = key.split("/");
  if (name === undefined || own.has(key)) return false;
  const within = (parents: readonly string[]) => parents.some((one) => domain === one || domain!.endsWith(`.${one}`));
  return within(reserved) && !within(ownDomains);
}
