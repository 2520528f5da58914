/**
 * NamespaceExists and NamespaceAutoProvision, which upstream leaves off: NamespaceLifecycle, which is always on, refuses what
 * would be made in a namespace that isn't there. These say it of every request, or make the namespace.
 */
import { type KubeObject, notFound } from "../../schema/mod.ts";
import type { AdmissionPlugin } from "./admission.ts";

const namespaces = { group: "", plural: "namespaces" };

export const namespaceExists: AdmissionPlugin = {
  name: "NamespaceExists",
  validate({ resource, namespace }, view) {
    if (!resource.namespaced || view.get("", "namespaces", "", namespace)) return;
    throw notFound(namespaces, namespace);
  },
};

/** `make` takes it that somebody else does the same. A dry run makes nothing: its namespace stays missing, and is told as such. */
export function namespaceAutoProvision(make: (namespace: KubeObject) => Promise<void>): AdmissionPlugin {
  return {
    name: "NamespaceAutoProvision",
    async prepare({ resource, namespace, dryRun }, view) {
      if (!resource.namespaced || dryRun || view.get("", "namespaces", "", namespace)) return;
      await make({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    },
  };
}
