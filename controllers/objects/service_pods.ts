/** A source: a pod that changes makes the Services due that select it, or selected it before. */
import { keyOf, Pod, Service } from "../../runtime/schema/mod.ts";
import { mapped, sameJson, type Source } from "../../runtime/loop/mod.ts";
import type { PodObject } from "./pod_state.ts";
import { mapSelectorOf } from "./selectors.ts";

export function podsOfServices(): Source {
  return mapped(Pod, ({ metadata: { namespace, labels } }, { informers }) => {
    const services = informers.of(Service).list(namespace);
    return services.filter((service) => mapSelectorOf(service)(labels)).map(keyOf);
  }, { when: ({ type, object, old }) => type !== "MODIFIED" || !old || !sameJson(facts(object), facts(old)) });
}

/** Only what an endpoint shows: most pod updates (restarts, messages) change none of it. */
function facts({ metadata, spec, status }: PodObject): unknown[] {
  const ready = status?.conditions?.find((condition) => condition.type === "Ready")?.status;
  return [metadata.labels, metadata.deletionTimestamp, spec?.nodeName, status?.podIPs, status?.phase, ready];
}
