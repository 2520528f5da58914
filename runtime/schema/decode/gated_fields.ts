/**
 * Fields that v1.36 knows but leaves out of what it stores, because their feature gate is off by default. Dropped without a
 * word, as upstream does: clients may send what only some clusters keep. A row goes when its gate is on by default.
 */
export const gatedFields: ReadonlySet<string> = new Set([
  // ContainerStopSignals (KEP-4960)
  "core/v1.Lifecycle.stopSignal",
  // GenericWorkload (KEP-4671)
  "core/v1.PodSpec.schedulingGroup",
  // PodCertificateRequest (KEP-4317)
  "core/v1.VolumeProjection.podCertificate",
  // MaxUnavailableStatefulSet (KEP-961)
  "apps/v1.RollingUpdateStatefulSetStrategy.maxUnavailable",
  // CoordinatedLeaderElection (KEP-4355)
  "coordination/v1.LeaseSpec.strategy",
  "coordination/v1.LeaseSpec.preferredHolder",
  "storage/v1.CSIDriverSpec.preventPodSchedulingIfMissing",
  // No gate: what only v1beta1 could say.
  "discovery/v1.Endpoint.deprecatedTopology",
]);

/** Structs that say nothing when nothing else is in them. */
export const goneWhenEmptied: ReadonlySet<string> = new Set(["core/v1.Lifecycle"]);
