/**
 * Node TTL: tells kubelets how long they may keep what they read of Secrets and ConfigMaps, the longer the more nodes there
 * are. The number in force stays until the cluster has left its span on either side.
 *
 * Source: annotation `node.alpha.kubernetes.io/ttl` (https://kubernetes.io/docs/reference/labels-annotations-taints/).
 */
import type { INode } from "kubernetes-models/v1/Node";
import { keyOf, Node } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, mapped, type Outcome, patching } from "../runtime/loop/mod.ts";

const annotation = "node.alpha.kubernetes.io/ttl";

/** Clusters of so many nodes, and the seconds; spans overlap, so that one node more or less changes nothing twice. */
const spans = [
  { from: 0, to: 100, seconds: 0 },
  { from: 90, to: 500, seconds: 15 },
  { from: 450, to: 1000, seconds: 30 },
  { from: 900, to: 2000, seconds: 60 },
  { from: 1800, to: Infinity, seconds: 300 },
];

/** `before`: what holds now, if anything. */
export function ttlSeconds(nodes: number, before?: number): number {
  const fitting = spans.filter(({ from, to }) => nodes >= from && nodes <= to);
  return (fitting.find(({ seconds }) => seconds === before) ?? fitting[0]!).seconds;
}

export function nodeTtl(): Controller {
  let inForce = 0;
  return controller(Node, {
    name: "ttl",
    start: () => void (inForce = 0),
    watches: [
      mapped<INode>(Node, (_, { informers }) => {
        const nodes = informers.of(Node).list();
        const next = ttlSeconds(nodes.length, inForce);
        if (next === inForce) return [];
        inForce = next;
        return nodes.map(keyOf);
      }, { when: ({ type }) => type !== "MODIFIED" }),
    ],
    async reconcile(name, { read, apply }): Promise<Outcome> {
      const node = read(name);
      const ttl = String(inForce);
      if (!node || node.metadata.annotations?.[annotation] === ttl) return done;
      await apply([
        patching(Node, { name }, { type: "merge", body: { metadata: { annotations: { [annotation]: ttl } } } }),
      ]);
      return done;
    },
  });
}
