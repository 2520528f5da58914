/** Upstream's default roles and bindings, as data. */
import { clusterBindings, namespacedBindings, namespacedRoles } from "./bindings.ts";
import { componentRoles, nodeRole } from "./component_roles.ts";
import { controllerRoles } from "./controller_roles.ts";
import { peopleRoles } from "./people_roles.ts";

export { nodeRules } from "./component_roles.ts";

/** Role and ClusterRole objects. */
export const defaultRoles = [...peopleRoles, ...componentRoles, nodeRole, ...controllerRoles, ...namespacedRoles];
/** RoleBinding and ClusterRoleBinding objects. */
export const defaultBindings = [...clusterBindings, ...namespacedBindings];
