/** Objects that the API server itself keeps: made when missing, put right when they differ. */
import type { User } from "../../auth/user.ts";
import { isReason, type KubeObject } from "../../schema/mod.ts";
import { noSuchPage } from "../objects/refusals.ts";
import type { Operations } from "../operations.ts";
import type { ResourceRegistry } from "../resource_registry.ts";

export interface Keeper {
  readonly operations: Operations;
  readonly registry: ResourceRegistry;
}

/** Who writes what the API server keeps. */
export const apiServerUser: User = { name: "system:apiserver", groups: ["system:masters"] };

const call = { user: apiServerUser, fieldManager: "kube-apiserver" };

/** Somebody else may be doing the same. */
export async function ensureExists(keeper: Keeper, object: KubeObject): Promise<void> {
  const { resource, namespace, name } = targetFor(keeper, object);
  try {
    await keeper.operations.get({ resource, namespace, name });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
    await create(keeper, object);
  }
}

/** Merges `object` over what is there. */
export async function ensureMatches(keeper: Keeper, object: KubeObject): Promise<void> {
  const target = targetFor(keeper, object);
  const body = JSON.parse(JSON.stringify(object));
  try {
    await keeper.operations.patch(target, { type: "merge", body }, call);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
    await create(keeper, object);
  }
}

async function create(keeper: Keeper, object: KubeObject): Promise<void> {
  try {
    await keeper.operations.create(targetFor(keeper, object), object, call);
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
  }
}

export function targetFor({ registry }: Keeper, { apiVersion, kind, metadata }: KubeObject) {
  const resource = registry.byKind(apiVersion ?? "", kind ?? "");
  if (!resource) throw noSuchPage();
  return { resource, namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
}
