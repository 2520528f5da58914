/**
 * Node IPAM: each node gets subnets for its pods out of the cluster's pod CIDRs, one of each family.
 *
 * Laws: no two nodes have overlapping subnets; a subnet that was given is never changed; a deleted node's is free again.
 */
import type { INode } from "kubernetes-models/v1/Node";
import { type IpFamily, type IpRange, Node, readIpRange, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, type Outcome, patching } from "../runtime/loop/mod.ts";
import { freeSubnet } from "./node_ipam/plan.ts";

export interface NodeIpamOptions {
  /** One, or one of each family; the first is a pod's first address. Default `10.244.0.0/16`. */
  readonly podCidrs?: readonly string[];
  /** Prefix lengths of a node's subnets. Default 24 and 64. */
  readonly nodeBits?: Readonly<Record<IpFamily, number>>;
}

export function nodeIpam(
  { podCidrs = ["10.244.0.0/16"], nodeBits = { IPv4: 24, IPv6: 64 } }: NodeIpamOptions = {},
): Controller {
  const ranges = podCidrs.map(rangeOf);
  return controller(Node, {
    name: "node-ipam",
    // One at a time, and each write is seen before the next: that is what keeps two nodes apart.
    workers: 1,
    async reconcile(name, { read, informers, apply, recorder }): Promise<Outcome> {
      const node = read(name);
      if (!node || node.spec?.podCIDR || node.metadata.deletionTimestamp) return done;
      const taken = informers.of(Node).list().flatMap(subnetsOf);
      const given = ranges.map((range) => {
        const bits = nodeBits[range.family];
        const free = freeSubnet(range, bits, taken);
        if (free) return free.cidr;
        const about = { ...node, apiVersion: "v1", kind: "Node" };
        recorder.event(about, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`);
        throw new Error(`no subnet of /${bits} is left in ${range.cidr} for node "${name}"`);
      });
      // Under its resourceVersion: somebody else's choice is not overwritten.
      const body = {
        metadata: { resourceVersion: node.metadata.resourceVersion },
        spec: { podCIDR: given[0]!, podCIDRs: given },
      };
      await apply([patching(Node, { name }, { type: "merge", body })]);
      return done;
    },
  });
}

function rangeOf(cidr: string): IpRange {
  const range = readIpRange(cidr);
  if (!range) throw new RangeError(`"${cidr}" is no subnet such as 10.244.0.0/16`);
  return range;
}

function subnetsOf({ spec: { podCIDR, podCIDRs } = {} }: Stored<INode>): IpRange[] {
  return (podCIDRs ?? (podCIDR ? [podCIDR] : [])).flatMap((text) => readIpRange(text) ?? []);
}
