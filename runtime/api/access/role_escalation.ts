/** Roles and bindings are written only by those who hold what is in them. */
import { type Binding, checkBinding, checkRole, rbacGroup, type Role } from "../../auth/rbac/mod.ts";
import type { ClusterAccess } from "../../auth/cluster_access.ts";
import { sameJson } from "../../schema/mod.ts";
import type { AdmissionPlugin } from "../admission/admission.ts";

export function roleEscalation({ rbac: index, authorize }: ClusterAccess): AdmissionPlugin {
  const check = { index, authorize };
  return {
    name: "RoleEscalation",
    validate(request) {
      const { resource: { group, plural }, operation, object, old } = request;
      if (group !== rbacGroup || operation === "DELETE" || !object) return;
      const before = old as unknown;
      if (plural === "roles" || plural === "clusterroles") {
        const role = object as Role;
        if (!sameRole(role, before as Role | undefined)) return checkRole(check, request, role);
      } else {
        const binding = object as unknown as Binding;
        if (!sameBinding(binding, before as Binding | undefined)) return checkBinding(check, request, binding);
      }
    },
  };
}

/** What grants nothing new needs no right to grant: labels, finalizers, owners. */
function sameRole(now: Role, before: Role | undefined): boolean {
  return before !== undefined && sameJson(now.rules ?? [], before.rules ?? []) &&
    sameJson(now.aggregationRule ?? {}, before.aggregationRule ?? {});
}

function sameBinding(now: Binding, before: Binding | undefined): boolean {
  return before !== undefined && sameJson(now.subjects ?? [], before.subjects ?? []) &&
    sameJson(now.roleRef, before.roleRef);
}
