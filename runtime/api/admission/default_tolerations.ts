/**
 * DefaultTolerationSeconds: a pod stays five minutes on a node that stops answering, unless it says otherwise. An update that
 * leaves the two tolerations out gets them back, and so is no removal.
 */
import type { AdmissionPlugin } from "./admission.ts";
import { created, updated } from "./written.ts";

interface Pod {
  spec?: { tolerations?: Toleration[] };
}

interface Toleration {
  key?: string;
  operator?: string;
  effect?: string;
  tolerationSeconds?: number;
}

const taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const seconds = 300;

export const defaultTolerations: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  admit(request) {
    const spec = (created<Pod>(request, "pods") ?? updated<Pod>(request, "pods"))?.spec;
    if (!spec) return;
    const missing = taints.filter((key) => !(spec.tolerations ?? []).some((one) => tolerates(one, key)));
    if (missing.length === 0) return;
    const added = missing.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: seconds }));
    spec.tolerations = [...spec.tolerations ?? [], ...added];
  },
};

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === "NoExecute");
}
