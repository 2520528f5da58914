/** How often the template of a DaemonSet was changed: what a field said before apps/v1, and an annotation since. */
import type { KubeObject } from "../object.ts";
import { sameJson } from "../validation/report.ts";

const annotation = "deprecated.daemonset.template.generation";

/** In place. */
export function setTemplateGeneration(object: KubeObject, generation: number): void {
  const metadata = object.metadata ??= {};
  metadata.annotations = { ...metadata.annotations, [annotation]: String(generation) };
}

/** In place; whatever the client says of it. */
export function countTemplates(object: KubeObject, old: KubeObject): void {
  const before = Number(old.metadata?.annotations?.[annotation] ?? 0);
  setTemplateGeneration(object, sameJson(templateOf(object), templateOf(old)) ? before : before + 1);
}

function templateOf({ spec }: KubeObject): unknown {
  return (spec as { template?: unknown } | undefined)?.template;
}
