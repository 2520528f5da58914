/** Makes the default roles and bindings when the API server starts, and brings those that are there up to date. */
import {
  type Binding,
  defaultBindings,
  defaultRoles,
  reconciledBinding,
  reconciledRole,
  type Role,
} from "../../auth/rbac/mod.ts";
import { isReason, type KubeObject, type Stored } from "../../schema/mod.ts";
import { apiServerUser, ensureExists, type Keeper, targetFor } from "../bootstrap/ensure.ts";

const call = { user: apiServerUser, fieldManager: "kube-apiserver" };

export async function ensureDefaultPolicy(keeper: Keeper): Promise<void> {
  await Promise.all(defaultRoles.map((role) => ensure(keeper, role, (found) => reconciledRole(role, found as Role))));
  await Promise.all(defaultBindings.map((binding) => {
    return ensure(keeper, binding, (found) => reconciledBinding(binding, found as unknown as Binding));
  }));
}

type Reconcile = (found: Stored) => object | "replace" | undefined;

/** Another master may be doing the same at the same time; what it wrote is as good. */
async function ensure(keeper: Keeper, wanted: object, reconcile: Reconcile): Promise<void> {
  const copy = () => JSON.parse(JSON.stringify(wanted)) as KubeObject;
  const target = targetFor(keeper, wanted as KubeObject);
  const found = await keeper.operations.get(target).catch((error) => {
    if (isReason(error, "NotFound")) return undefined;
    throw error;
  });
  const change = found && reconcile(found.object);
  if (found && change === undefined) return;
  try {
    if (change === "replace") await keeper.operations.delete(target, call);
    if (!found || change === "replace") return await ensureExists(keeper, copy());
    await keeper.operations.update(target, JSON.parse(JSON.stringify(change)), call);
  } catch (error) {
    if (!isReason(error, "Conflict") && !isReason(error, "NotFound")) throw error;
  }
}
