/** Every rule of the scheduler, one idea a file. */
export { dynamicResources } from "./dynamic_resources.ts";
export * from "./image_locality.ts";
export * from "./node_affinity.ts";
export * from "./node_name.ts";
export * from "./node_ports.ts";
export * from "./node_resources.ts";
export * from "./pod_affinity.ts";
export * from "./pod_affinity_score.ts";
export * from "./resource_scores.ts";
export * from "./taints.ts";
export * from "./topology_spread.ts";
export * from "./topology_spread_score.ts";
export * from "./node_volume_limits.ts";
export * from "./volume_restrictions.ts";
export * from "./volume_zone.ts";
export { volumeBinding } from "./volume_binding.ts";
export { systemDefaults } from "./spread_constraint.ts";
