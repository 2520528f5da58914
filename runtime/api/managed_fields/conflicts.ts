/** Fields that others own and that an apply would change, in the words that kubectl users search for. */
import { type StatusCause, StatusError } from "../../schema/mod.ts";
import { type FieldSet, pathsOf } from "./field_set.ts";
import type { Manager } from "./managers.ts";

export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const found = conflicts.flatMap(({ manager, fields }) =>
    [...pathsOf(fields)].map((path) => ({ manager: describe(manager), path: printPath(path) }))
  );
  const causes = found.map(({ manager, path }): StatusCause => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${manager}`,
    field: path,
  }));
  return new StatusError("Conflict", conflictMessage(found), { causes });
}

function conflictMessage(found: readonly { manager: string; path: string }[]): string {
  const [first] = found;
  if (found.length === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.path}`;
  const managers = [...new Set(found.map(({ manager }) => manager))].sort();
  const lines = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...found.filter((conflict) => conflict.manager === manager).map(({ path }) => `- ${path}`),
  ]);
  return `Apply failed with ${found.length} conflicts: ${lines.join("\n")}`;
}

/** `"kubectl-client-side-apply" using apps/v1`, `"controller" with subresource "scale" using apps/v1`, `"argo"` */
function describe({ name, operation, apiVersion, subresource }: Manager): string {
  const who = subresource
    ? `${JSON.stringify(name)} with subresource ${JSON.stringify(subresource)}`
    : JSON.stringify(name);
  return operation === "Update" ? `${who} using ${apiVersion}` : who;
}

/** `.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"]` */
export function printPath(path: readonly string[]): string {
  return path.map(printElement).join("");
}

function printElement(element: string): string {
  const text = element.slice(2);
  switch (element[0]) {
    case "k": {
      const keys = Object.entries(JSON.parse(text) as Record<string, unknown>);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    }
    case "v":
      return `[=${text}]`;
    case "i":
      return `[${text}]`;
    default:
      return `.${text}`;
  }
}
