/** Whether a user is a node, and which. */
import type { User } from "../user.ts";

const prefix = "system:node:";

/** The node's name; `undefined` for everybody else. */
export function nodeIdentity({ name, groups }: User): string | undefined {
  return name.startsWith(prefix) && groups.includes("system:nodes") ? name.slice(prefix.length) : undefined;
}
