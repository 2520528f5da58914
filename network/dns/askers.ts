/**
 * Who may ask the cluster's DNS: pods, nodes and the machine itself. The socket is on the node's address, where everybody
 * on the link could read the names of the cluster's Services, or use it as a resolver for attacks on others. Pure.
 */
import type { INode } from "kubernetes-models/v1/Node";
import { cidrHolds } from "../ipv4.ts";

export interface Askers {
  /** The node that answers: its own pods ask most. */
  readonly self?: INode;
  readonly nodes: readonly INode[];
  /** Every address of this machine; looked up only for those whom nothing else speaks for. */
  readonly machine: () => readonly string[];
}

export function mayAsk(address: string, { self, nodes, machine }: Askers): boolean {
  if (self && isOf(self, address)) return true;
  return nodes.some((node) => isOf(node, address)) || machine().includes(address);
}

/** A pod of the node, or the node: pods of other nodes come under their node's address. */
function isOf({ spec, status }: INode, address: string): boolean {
  return cidrHolds(spec?.podCIDR ?? "", address) ||
    (status?.addresses ?? []).some((own) => own.type === "InternalIP" && own.address === address);
}
