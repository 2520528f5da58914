/** A pod that names its node goes there or nowhere. */
import type { FilterPlugin } from "../plugin.ts";

const no = ["node(s) didn't match the requested node name"];

export const nodeName: FilterPlugin = {
  name: "NodeName",
  helpedBy: ["nodeAdded"],
  prepare({ spec }) {
    return spec.nodeName ? ({ name }) => name === spec.nodeName ? undefined : no : undefined;
  },
};
