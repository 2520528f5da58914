/** Subresources that have a body of another kind, as rows: which kinds have them, and what each method does. */
import { groupResourceOf, type KubeObject, type Resource } from "../../schema/mod.ts";
import type { Machinery } from "../objects/machinery.ts";
import type { PatchBody, Target, WriteCall, Written } from "../operations.ts";
import { binding } from "./binding.ts";
import { eviction } from "./eviction.ts";
import { scale } from "./scale.ts";
import { serviceAccountToken } from "./token.ts";

export interface SubresourceRow {
  get?(m: Machinery, target: Target): Promise<KubeObject>;
  update?(m: Machinery, target: Target, body: KubeObject, call: WriteCall): Promise<Written>;
  patch?(m: Machinery, target: Target, patch: PatchBody, call: WriteCall): Promise<Written>;
  post?(m: Machinery, target: Target, body: KubeObject, call: WriteCall): Promise<KubeObject>;
}

const rows: Readonly<Record<string, SubresourceRow>> = {
  "pods/binding": binding,
  "pods/eviction": eviction,
  "serviceaccounts/token": serviceAccountToken,
};

/** `undefined`: the subresource is a part of the object itself, such as `status`. */
export function subresourceOf(resource: Resource, name: string): SubresourceRow | undefined {
  if (name === "scale") return scale;
  return rows[`${groupResourceOf(resource)}/${name}`];
}
