/** A host port serves one pod a node. */
import type { FilterPlugin } from "../plugin.ts";

const no = ["node(s) didn't have free ports for the requested pod ports"];

export const nodePorts: FilterPlugin = {
  name: "NodePorts",
  helpedBy: ["nodeAdded", "podGone"],
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return (node) => hostPorts.some((port) => node.hasPort(port)) ? no : undefined;
  },
};
