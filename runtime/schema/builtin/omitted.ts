/**
 * Fields that Go leaves out of JSON when they are empty although their comments do not call them optional: the facts
 * cannot tell. `Type.*` means every field of the type. Nothing here changes what is accepted, only what is written.
 */
export const omittedWhenEmpty: readonly string[] = [
  "apiextensions/v1.JSONSchemaProps.*",
  "apiextensions/v1.ExternalDocumentation.*",
  "apiextensions/v1.ValidationRule.message",
  "apiregistration/v1.APIServiceSpec.group",
  "apiregistration/v1.APIServiceSpec.version",
  "apiregistration/v1.APIServiceSpec.insecureSkipTLSVerify",
  "apps/v1.DeploymentCondition.*",
  "apps/v1.StatefulSetStatus.currentReplicas",
  "apps/v1.StatefulSetStatus.currentRevision",
  "apps/v1.StatefulSetStatus.readyReplicas",
  "apps/v1.StatefulSetStatus.updateRevision",
  "apps/v1.StatefulSetStatus.updatedReplicas",
  "core/v1.PodSpec.initContainers",
  "core/v1.SecretKeySelector.name",
  "core/v1.TopologySpreadConstraint.minDomains",
  "events/v1.Event.*",
  "flowcontrol/v1.FlowSchemaCondition.*",
  "flowcontrol/v1.PriorityLevelConfigurationCondition.*",
  "meta/v1.APIResource.group",
  "meta/v1.APIResource.version",
  "meta/v1.ApplyOptions.*",
  "meta/v1.ListMeta.*",
  "meta/v1.ListOptions.*",
  "meta/v1.ManagedFieldsEntry.*",
];
