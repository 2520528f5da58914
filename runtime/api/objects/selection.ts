/** From selector texts to one predicate over objects. */
import { parseFieldSelector, parseLabelSelector, type Resource, type Stored } from "../../schema/mod.ts";

export interface Selectors {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** `undefined`: everything. Throws BadRequest. */
export function selector(
  resource: Resource,
  { labelSelector, fieldSelector }: Selectors,
): ((object: Stored) => boolean) | undefined {
  const byLabels = labelSelector ? parseLabelSelector(labelSelector) : undefined;
  const byFields = fieldSelector ? parseFieldSelector(fieldSelector, resource) : undefined;
  if (byLabels && byFields) return (object) => byLabels(object.metadata.labels) && byFields(object);
  if (byLabels) return (object) => byLabels(object.metadata.labels);
  return byFields;
}

export function folderOf({ namespace }: { namespace: string }): string {
  return namespace ? `${namespace}/` : "";
}
