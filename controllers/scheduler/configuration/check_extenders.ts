/** What is wrong with the extenders of a configuration, in upstream's words. */
import { durationMs } from "../../../runtime/auth/structured/duration.ts";
import type { FieldFaults } from "../../../runtime/auth/structured/field_faults.ts";
import { isExtended } from "../plugins/mod.ts";
import type { ExtenderDocument } from "./document.ts";

export function checkExtenders(extenders: readonly ExtenderDocument[], faults: FieldFaults): void {
  const managed = new Set<string>();
  extenders.forEach((extender, at) => {
    const path = `extenders[${at}]`;
    const { urlPrefix, prioritizeVerb, weight, httpTimeout, managedResources } = extender;
    if (!URL.canParse(urlPrefix)) faults.invalid(`${path}.urlPrefix`, urlPrefix, "must be http://HOST or https://HOST");
    if (prioritizeVerb && weight <= 0) {
      faults.invalid(`${path}.weight`, weight, "must have a positive weight applied to it");
    }
    if ((durationMs(httpTimeout) ?? 0) <= 0) {
      faults.invalid(`${path}.httpTimeout`, httpTimeout, "must be a duration above 0");
    }
    managedResources.forEach(({ name }, of) => {
      const place = `${path}.managedResources[${of}].name`;
      if (!isExtended(name)) faults.invalid(place, name, "is an invalid extended resource name");
      if (managed.has(name)) faults.invalid(place, name, "duplicate extender managed resource name");
      managed.add(name);
    });
  });
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length;
  if (binders < 2) return;
  faults.invalid("extenders", `found ${binders} extenders implementing bind`, "only one extender can implement bind");
}
