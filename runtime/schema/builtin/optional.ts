/**
 * Built-in kinds that are served only where `--runtime-config` asks for them, because upstream's are beta and off. Their
 * rows go through the same pipeline as all others, and what is stored of them stays when they are served no more.
 */
import { apiVersionOf, type Resource } from "../resource.ts";
import { resourcesOf } from "./row.ts";

export const optionalResources: readonly Resource[] = resourcesOf(
  { group: "certificates.k8s.io", version: "v1beta1" },
  [
    { kind: "ClusterTrustBundle", plural: "clustertrustbundles", namespaced: false, selects: ["spec.signerName"] },
  ],
);

/** Names that stand for several. */
const wide = ["api/all", "api/beta"];

/**
 * `text` as upstream's flag has it: `certificates.k8s.io/v1beta1=true,...`, one kind as `GROUP/VERSION/PLURAL`. What comes
 * later wins. Throws an Error that names what cannot be asked for.
 */
export function resourcesNamed(text: string): readonly Resource[] {
  const on = new Set<Resource>();
  for (const [name, value] of text.split(",").filter(Boolean).map((entry) => entry.trim().split("="))) {
    const meant = optionalResources.filter((resource) => namesOf(resource).includes(name!));
    if (meant.length === 0) {
      const known = [...new Set([...wide, ...optionalResources.flatMap(namesOf)])].join(", ");
      throw new Error(`unknown api versions: ${JSON.stringify(name)}; known are: ${known}`);
    }
    if (!["true", "false", undefined].includes(value)) throw new Error(`${name}=${value}: must be true or false`);
    for (const resource of meant) value === "false" ? on.delete(resource) : on.add(resource);
  }
  return [...on];
}

function namesOf(resource: Resource): string[] {
  return [...wide, apiVersionOf(resource), `${apiVersionOf(resource)}/${resource.plural}`];
}
