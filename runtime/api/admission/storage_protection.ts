/** StorageObjectInUseProtection: claims and volumes do not go while something uses them. A loop takes the finalizers off. */
import { groupResourceOf } from "../../schema/mod.ts";
import type { AdmissionPlugin } from "./admission.ts";

const finalizers: Readonly<Record<string, string>> = {
  "persistentvolumeclaims": "kubernetes.io/pvc-protection",
  "persistentvolumes": "kubernetes.io/pv-protection",
  "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
};

export const storageProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  admit({ operation, subresource, resource, object }) {
    const finalizer = operation === "CREATE" && !subresource ? finalizers[groupResourceOf(resource)] : undefined;
    if (!finalizer) return;
    const metadata = object!.metadata ??= {};
    if (metadata.finalizers?.includes(finalizer)) return;
    metadata.finalizers = [...metadata.finalizers ?? [], finalizer];
  },
};
