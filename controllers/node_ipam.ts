/**
 * Node IPAM: each node gets a subnet for its pods out of the cluster's pod CIDR.
 *
 * Laws: no two nodes have overlapping subnets; a subnet that was given is never changed; a deleted node's is free again.
 */
import type { INode } from "kubernetes-models/v1/Node";
import { Node, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, type Outcome, patching } from "../runtime/loop/mod.ts";
import { formatSubnet, freeSubnet, parseSubnet, type Subnet } from "./node_ipam/plan.ts";

export interface NodeIpamOptions {
  /** Default `10.244.0.0/16`. */
  readonly podCidr?: string;
  /** Prefix length of a node's subnet. Default 24. */
  readonly nodeBits?: number;
}

export function nodeIpam({ podCidr = "10.244.0.0/16", nodeBits = 24 }: NodeIpamOptions = {}): Controller {
  const whole = parseSubnet(podCidr);
  return controller(Node, {
    name: "node-ipam",
    // One at a time, and each write is seen before the next: that is what keeps two nodes apart.
    workers: 1,
    async reconcile(name, { read, informers, apply, recorder }): Promise<Outcome> {
      const node = read(name);
      if (!node || node.spec?.podCIDR || node.metadata.deletionTimestamp) return done;
      const free = freeSubnet(whole, nodeBits, informers.of(Node).list().flatMap(subnetsOf));
      if (!free) {
        const about = { ...node, apiVersion: "v1", kind: "Node" };
        recorder.event(about, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`);
        throw new Error(`no subnet of /${nodeBits} is left in ${podCidr} for node "${name}"`);
      }
      const podCIDR = formatSubnet(free);
      // Under its resourceVersion: somebody else's choice is not overwritten.
      const body = {
        metadata: { resourceVersion: node.metadata.resourceVersion },
        spec: { podCIDR, podCIDRs: [podCIDR] },
      };
      await apply([patching(Node, { name }, { type: "merge", body })]);
      return done;
    },
  });
}

function subnetsOf(node: Stored<INode>): Subnet[] {
  const { podCIDR, podCIDRs } = node.spec ?? {};
  const texts = podCIDRs ?? (podCIDR ? [podCIDR] : []);
  return texts.filter((text) => !text.includes(":")).map(parseSubnet);
}
