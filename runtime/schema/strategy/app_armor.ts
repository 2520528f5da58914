/** AppArmor profiles in annotations, as they were named before v1.30: a container without a profile gets it as its own. */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { KubeObject } from "../object.ts";

const prefix = "container.apparmor.security.beta.kubernetes.io/";
const local = "localhost/";

export function appArmorFromAnnotations({ metadata, spec }: KubeObject): void {
  const { os, containers = [], initContainers = [] } = spec as unknown as IPodSpec;
  if (os?.name === "windows") return;
  for (const container of [...initContainers, ...containers]) {
    const profile = profileOf(metadata?.annotations?.[prefix + container.name]);
    if (profile && !container.securityContext?.appArmorProfile) {
      container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    }
  }
}

function profileOf(value = "") {
  if (value === "unconfined") return { type: "Unconfined" as const };
  if (value === "runtime/default") return { type: "RuntimeDefault" as const };
  if (!value.startsWith(local) || value === local) return undefined;
  return { type: "Localhost" as const, localhostProfile: value.slice(local.length) };
}
