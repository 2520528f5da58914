/**
 * Fields that v1.36 knows but leaves out of what it stores, because their feature gate is off by default. Dropped without a
 * word, as upstream does: clients may send what only some clusters keep. A row goes when its gate is on by default, and stop
 * signals, trust bundles and a StatefulSet's maxUnavailable have none: d8s does what they ask for.
 */
export const gatedFields: ReadonlySet<string> = new Set([
  // GenericWorkload (KEP-4671)
  "core/v1.PodSpec.schedulingGroup",
  // PodCertificateRequest (KEP-4317)
  "core/v1.VolumeProjection.podCertificate",
  // CoordinatedLeaderElection (KEP-4355)
  "coordination/v1.LeaseSpec.strategy",
  "coordination/v1.LeaseSpec.preferredHolder",
  "storage/v1.CSIDriverSpec.preventPodSchedulingIfMissing",
  // No gate: what only v1beta1 could say.
  "discovery/v1.Endpoint.deprecatedTopology",
]);
