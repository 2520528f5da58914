/**
 * Which admission plugins are on: upstream's defaults, with `--enable-admission-plugins` and `--disable-admission-plugins`. Every
 * name that upstream knows is answered: it is on, off, or refused with its reason. Pure.
 */
const usual = [
  ...["LimitRanger", "ServiceAccount", "NodeRestriction", "TaintNodesByCondition", "PodSecurity", "Priority"],
  ...["DefaultTolerationSeconds", "DefaultStorageClass", "StorageObjectInUseProtection"],
  ...["PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval", "CertificateSigning"],
  ...[
    "CertificateSubjectRestriction",
    "ClusterTrustBundleAttest",
    "DefaultIngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
  ],
  ...["ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook", "ResourceQuota"],
];
const chosen = [
  ...["AlwaysAdmit", "AlwaysDeny", "AlwaysPullImages", "EventRateLimit", "NamespaceAutoProvision", "NamespaceExists"],
];
/** Without it objects would be made in namespaces that are going away, and these would never be empty. */
const fixed = "NamespaceLifecycle";
const unsupported = [
  ...["DenyServiceExternalIPs", "ExtendedResourceToleration", "ImagePolicyWebhook"],
  ...["LimitPodHardAntiAffinityTopology", "NodeDeclaredFeatureValidator", "OwnerReferencesPermissionEnforcement"],
  ...["PodNodeSelector", "PodTolerationRestriction", "PodTopologyLabels"],
];

export interface AdmissionChoice {
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
}

export const usualPlugins: ReadonlySet<string> = new Set([...usual, fixed]);

/** Throws an Error that names the plugin and those there are. */
export function pluginsOn({ enable = [], disable = [] }: AdmissionChoice): ReadonlySet<string> {
  const wrong = [...enable.map(enableFault), ...disable.map((name) => disableFault(name, enable))];
  const fault = wrong.find((one) => one !== undefined);
  if (fault) throw new Error(fault);
  const off = new Set(disable);
  return new Set([...usualPlugins, ...enable].filter((name) => !off.has(name)));
}

function enableFault(name: string): string | undefined {
  if (unsupported.includes(name)) return `enable-admission-plugins plugin ${JSON.stringify(name)} is not supported`;
  return known(name) ? undefined : unknown("enable", name);
}

function disableFault(name: string, enabled: readonly string[]): string | undefined {
  if (enabled.includes(name)) return `${name} in enable-admission-plugins and disable-admission-plugins overlapped`;
  if (name === fixed) return `${fixed} cannot be disabled: namespaces that are deleted would never be empty`;
  return known(name) || unsupported.includes(name) ? undefined : unknown("disable", name);
}

function known(name: string): boolean {
  return usualPlugins.has(name) || chosen.includes(name);
}

function unknown(verb: string, name: string): string {
  const all = [...usualPlugins, ...chosen].sort().join(", ");
  return `${verb}-admission-plugins plugin ${JSON.stringify(name)} is unknown; known are: ${all}`;
}
