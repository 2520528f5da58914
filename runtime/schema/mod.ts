/** Every kind as data, and what is compiled from it. */
export * from "./object.ts";
export * from "./resource.ts";
export * from "./status_error.ts";
export * from "./type_node.ts";
export * from "./kinds.ts";
export * from "./field_error.ts";
export * from "./field_selector.ts";
export * from "./ip_address.ts";
export * from "./label_selector.ts";
export * from "./quantity.ts";
export * from "./builtin/mod.ts";
export * from "./codec/mod.ts";
export { convert } from "./convert/convert.ts";
export * from "./decode/mod.ts";
export { applyDefaults } from "./defaults/apply_defaults.ts";
export {
  concludeCreate,
  countGeneration,
  isGivenMore,
  prepareForCreate,
  prepareForUpdate,
} from "./strategy/prepare.ts";
export { qosClassOf } from "./strategy/pod_qos.ts";
export { validateObject, validateSpoken } from "./validation/validate_object.ts";
export { dns1035Label, qualifiedName } from "./validation/names.ts";
export { goJsonFault, goKindOf } from "./validation/go_json_fault.ts";
export { goPrinted, ruleShape } from "./validation/go_shape.ts";
export { sameJson } from "./validation/report.ts";
export { validateReviewedWebhook } from "./validation/webhook_client.ts";
