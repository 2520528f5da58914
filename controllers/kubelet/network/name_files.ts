/** `/etc/hosts` and `/etc/resolv.conf` of a pod. Pure. */
import { type Pod, specOf } from "../pod/pod.ts";

export interface DnsFacts {
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The node's own resolv.conf. */
  readonly hostResolvConf: string;
}

interface Resolver {
  nameservers: string[];
  searches: string[];
  options: string[];
}

/** What the resolver reads at most: more would be ignored by old C libraries. */
const maxNameservers = 3;
const maxSearches = 32;
/** Of `sethostname`. */
const maxKernelHostname = 64;

export function hostsFile(pod: Pod, podIps: readonly string[], clusterDomain: string): string {
  const { hostAliases = [] } = specOf(pod);
  const fqdn = fqdnOf(pod, clusterDomain);
  const name = hostnameOf(pod);
  const lines = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
    ...podIps.map((ip) => (fqdn ? `${ip}\t${fqdn}\t${name}` : `${ip}\t${name}`)),
    ...aliasLines(hostAliases),
  ];
  return `${lines.join("\n")}\n`;
}

/** A pod on the node's network sees the node's names, and its own aliases. */
export function hostNetworkHostsFile(pod: Pod, nodeHosts: string): string {
  const lines = aliasLines(specOf(pod).hostAliases ?? []);
  return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${lines.map((line) => `${line}\n`).join("")}`;
}

function aliasLines(aliases: readonly { ip: string; hostnames?: string[] }[]): string[] {
  if (aliases.length === 0) return [];
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}`);
  return ["", "# Entries added by HostAliases.", ...lines];
}

/** At most 63 bytes, as the kernel has it, and never ending in a separator. */
export function hostnameOf(pod: Pod): string {
  const { hostname, hostnameOverride } = specOf(pod) as { hostname?: string; hostnameOverride?: string };
  return (hostnameOverride ?? hostname ?? pod.metadata.name).slice(0, 63).replace(/[-.]+$/, "");
}

/** What the kernel calls the pod: its short name, or with `setHostnameAsFQDN` the whole, if that fits. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const fqdn = specOf(pod).setHostnameAsFQDN ? fqdnOf(pod, clusterDomain) : undefined;
  if (fqdn === undefined) return hostnameOf(pod);
  if (fqdn.length <= maxKernelHostname) return fqdn;
  throw new Error(
    `Failed to construct FQDN from Pod hostname and cluster domain, FQDN ${fqdn} is too long ` +
      `(${maxKernelHostname} characters is the max, ${fqdn.length} characters requested)`,
  );
}

function fqdnOf(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain } = specOf(pod);
  return subdomain ? `${hostnameOf(pod)}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : undefined;
}

export function resolvConf(pod: Pod, facts: DnsFacts): string {
  const { dnsConfig } = specOf(pod);
  const base = baseResolver(pod, facts);
  const options = new Map(base.options.map((option) => [option.split(":")[0]!, option]));
  for (const { name = "", value } of dnsConfig?.options ?? []) options.set(name, value ? `${name}:${value}` : name);
  const nameservers = [...new Set([...base.nameservers, ...dnsConfig?.nameservers ?? []])].slice(0, maxNameservers);
  const searches = [...new Set([...base.searches, ...dnsConfig?.searches ?? []])].slice(0, maxSearches);
  const lines = [
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(searches.length > 0 ? [`search ${searches.join(" ")}`] : []),
    ...(options.size > 0 ? [`options ${[...options.values()].join(" ")}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** `ClusterFirst` on the host's network is `Default`, unless it is asked for by its own name. */
function baseResolver(pod: Pod, { clusterDns, clusterDomain, hostResolvConf }: DnsFacts): Resolver {
  const { dnsPolicy = "ClusterFirst", hostNetwork } = specOf(pod);
  if (dnsPolicy === "None") return { nameservers: [], searches: [], options: [] };
  const host = parseResolvConf(hostResolvConf);
  const cluster = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  if (!cluster || clusterDns.length === 0) return host;
  const domains = [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { nameservers: [...clusterDns], searches: [...domains, ...host.searches], options: ["ndots:5"] };
}

export function parseResolvConf(text: string): Resolver {
  const words = text.split("\n").map((line) => line.trim().split(/\s+/));
  return {
    nameservers: words.filter(([key]) => key === "nameserver").map(([, value = ""]) => value),
    searches: words.findLast(([key]) => key === "search")?.slice(1).filter((domain) => domain !== ".") ?? [],
    options: words.filter(([key]) => key === "options").flatMap(([, ...rest]) => rest),
  };
}
