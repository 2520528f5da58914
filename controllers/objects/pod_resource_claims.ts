/** Which ResourceClaims a pod uses: those that it names, and those that are made for it from templates. Pure. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";

export type PodClaim = NonNullable<IPodSpec["resourceClaims"]>[number];
export type PodStatus = IPod["status"];

/** Undefined: not made yet. Null: the pod needs none after all (API field resourceClaimStatuses). */
export function resourceClaimName({ name, resourceClaimName }: PodClaim, status: PodStatus): string | null | undefined {
  if (resourceClaimName) return resourceClaimName;
  const told = status?.resourceClaimStatuses?.find((one) => one.name === name);
  return told && (told.resourceClaimName ?? null);
}

export function resourceClaimNames({ spec, status }: Pick<IPod, "spec" | "status">): string[] {
  return (spec?.resourceClaims ?? []).flatMap((claim) => resourceClaimName(claim, status) ?? []);
}

/** Keeps an allocated claim from vanishing while its devices are in use. */
export const claimProtection = "resource.kubernetes.io/delete-protection";
