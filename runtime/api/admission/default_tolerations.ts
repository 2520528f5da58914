/** DefaultTolerationSeconds: a pod stays five minutes on a node that stops answering, unless it says otherwise. */
import { groupResourceOf } from "../../schema/mod.ts";
import type { AdmissionPlugin } from "./admission.ts";

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
  admit({ resource, operation, object, subresource }) {
    if (groupResourceOf(resource) !== "pods" || operation !== "CREATE" || subresource) return;
    const spec = object!.spec as { tolerations?: Toleration[] } | undefined;
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
