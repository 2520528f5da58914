/** A host port serves one pod a node. */
import type { FilterPlugin } from "../plugin.ts";

const no = ["node(s) didn't have free ports for the requested pod ports"];

export const nodePorts: FilterPlugin = {
  name: "NodePorts",
  helpedBy: ["nodeAdded", "podGone"],
  helps(pod, happening) {
    if (happening.type !== "podGone") return true;
    return happening.pod.hostPorts.some(({ port }) => pod.hostPorts.some((wanted) => wanted.port === port));
  },
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return (node) => hostPorts.some((port) => node.hasPort(port)) ? no : undefined;
  },
};
