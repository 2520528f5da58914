/** DefaultStorageClass: a claim that names no class gets the cluster's default one, the newest when there are several. */
import type { Stored } from "../../schema/mod.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { created } from "./written.ts";

interface Claim {
  spec?: { storageClassName?: string };
  metadata?: { annotations?: Record<string, string> };
}

export const defaultClassMarks = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];
/** The way of naming a class before there was a field. */
const oldClass = "volume.beta.kubernetes.io/storage-class";

export const defaultStorageClass: AdmissionPlugin = {
  name: "DefaultStorageClass",
  admit(request, view) {
    const claim = created<Claim>(request, "persistentvolumeclaims");
    if (!claim?.spec || claim.spec.storageClassName !== undefined) return;
    if (claim.metadata?.annotations?.[oldClass] !== undefined) return;
    const chosen = newestMarked(view.list("storage.k8s.io", "storageclasses"), defaultClassMarks);
    if (chosen) claim.spec.storageClassName = chosen.metadata.name;
  },
};

/** Of those that an annotation marks as the default; the name decides between equals. */
export function newestMarked<T>(classes: readonly Stored<T>[], marks: readonly string[]): Stored<T> | undefined {
  const marked = classes.filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === "true"));
  return marked.sort((a, b) => {
    const [left, right] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
    if (left === right) return a.metadata.name < b.metadata.name ? -1 : 1;
    return left > right ? -1 : 1;
  })[0];
}
