/** Names of kernel parameters in `securityContext.sysctls`. Whether a node allows them is the node's to say. */
import type { IPodSecurityContext } from "kubernetes-models/v1/PodSecurityContext";
import type { Report } from "./report.ts";

const segment = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
/** Dots or slashes between the parts. */
const form = `^(${segment}[\\./])*${segment}$`;
const pattern = new RegExp(form);
const maxLength = 253;

/** Of what the pod shares with its machine the machine says how it is. */
const shared = [
  { by: "hostNetwork", names: /^net\./ },
  { by: "hostIPC", names: /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/ },
] as const;

type Sharing = { readonly hostNetwork?: boolean; readonly hostIPC?: boolean };

export function validateSysctls(sysctls: IPodSecurityContext["sysctls"], pod: Sharing, report: Report): void {
  const names = new Set<string>();
  sysctls?.forEach(({ name }, i) => {
    const place = report.at(i, "name");
    if (!name) place.required();
    else if (name.length > maxLength || !pattern.test(name)) {
      place.invalid(name, `must have at most ${maxLength} characters and match regex ${form}`);
    } else if (names.has(name)) place.duplicate(name);
    names.add(name);
    const dotted = (name ?? "").replaceAll("/", ".");
    for (const { by, names } of shared) {
      if (pod[by] && names.test(dotted)) place.invalid(name, `may not be specified when '${by}' is true`);
    }
  });
}
