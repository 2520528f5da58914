/** DefaultIngressClass: an Ingress that names no class gets the cluster's default one, the newest when there are several. */
import type { AdmissionPlugin } from "./admission.ts";
import { newestMarked } from "./default_storage_class.ts";
import { created } from "./written.ts";

interface Ingress {
  spec?: { ingressClassName?: string };
  metadata?: { annotations?: Record<string, string> };
}

const marks = ["ingressclass.kubernetes.io/is-default-class"];
/** The way of naming a class before there was a field. */
const oldClass = "kubernetes.io/ingress.class";

export const defaultIngressClass: AdmissionPlugin = {
  name: "DefaultIngressClass",
  admit(request, view) {
    const ingress = created<Ingress>(request, "ingresses.networking.k8s.io");
    if (!ingress?.spec || ingress.spec.ingressClassName !== undefined) return;
    if (ingress.metadata?.annotations?.[oldClass] !== undefined) return;
    const chosen = newestMarked(view.list("networking.k8s.io", "ingressclasses"), marks);
    if (chosen) ingress.spec.ingressClassName = chosen.metadata.name;
  },
};
