/** Whether a pod's requests fit into what a node has left. */
import type { FilterPlugin } from "../plugin.ts";
import type { PodFacts } from "../pod_facts.ts";

const tooMany = "Too many pods";

export interface IgnoredResources {
  /** Extended resources that somebody else looks after. */
  readonly names: readonly string[];
  /** What stands before the slash of such names. */
  readonly groups: readonly string[];
}

export function fit({ names, groups }: IgnoredResources): FilterPlugin {
  const ignored = (name: string) =>
    isExtended(name) && (names.includes(name) || groups.includes(name.slice(0, name.indexOf("/"))));
  const asked = ({ requests }: PodFacts) =>
    Object.entries(requests).filter(([name, amount]) => amount > 0 && !ignored(name));
  return {
    name: "NodeResourcesFit",
    helpedBy: ["nodeAdded", "nodeChanged", "podGone"],
    // Empty it would still be too small.
    lasts: (_, { allocatable }, pod) => asked(pod).some(([name, amount]) => amount > (allocatable[name] ?? 0)),
    prepare(pod) {
      const wanted = asked(pod);
      return (node) => {
        let reasons: string[] | undefined;
        if (node.podCount + 1 > (node.allocatable.pods ?? 0)) reasons = [tooMany];
        for (const [name, amount] of wanted) {
          const free = (node.allocatable[name] ?? 0) - (node.used[name] ?? 0);
          if (amount > free) (reasons ??= []).push(`Insufficient ${name}`);
        }
        return reasons;
      };
    },
  };
}

/** Named by a vendor, not by Kubernetes itself. */
export function isExtended(name: string): boolean {
  const [domain, ...rest] = name.split("/");
  return rest.length > 0 && domain !== "kubernetes.io" && !domain!.endsWith(".kubernetes.io");
}
