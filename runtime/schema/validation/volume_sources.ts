/**
 * Where the files of a volume are, in pods and in PersistentVolumes: one row for each kind of source, in upstream's order. Most
 * of these volumes are mounted by nobody any more; what they say is still looked at.
 */
import type { IPersistentVolumeSpec } from "kubernetes-models/v1/PersistentVolumeSpec";
import type { IVolume } from "kubernetes-models/v1/Volume";
import { validateDriverName } from "./driver_name.ts";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import { validateInsidePath } from "./paths.ts";
import type { Report } from "./report.ts";
import { between, type Check, named, oneOf, required, type Rule, rules } from "./rules.ts";

/** Each by its field. */
type Sources = IVolume & IPersistentVolumeSpec;
type Source<K extends keyof Sources> = NonNullable<Sources[K]>;
type SourceCheck<K extends keyof Sources> = (source: Source<K>, report: Report) => void;
type SourceChecks = { readonly [K in keyof Sources]?: SourceCheck<K> };

const partition: Rule = ["partition", between(1, 255)];
const secretName: Rule = ["secretRef.name", required()];
const unitNumber: Check = (value, report) => {
  const lun = value as number | undefined;
  if (lun !== undefined && (lun < 0 || lun > 255)) report.invalid(lun, "must be between 0 and 255, inclusive");
};

const noWayUp: Check = (value, report) => {
  if (String(value ?? "").split("/").includes("..")) report.invalid(value, "must not contain '..'");
};

const absolute: Check = (value, report) => {
  if (!String(value ?? "").startsWith("/")) report.invalid(value ?? "", "must be an absolute path");
};

const hostPathTypes = "BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket".split(" ");
const hostPath = rules(["path", noWayUp], ["type", oneOf("", ...hostPathTypes)]);
const cachingModes = ["None", "ReadOnly", "ReadWrite"];
const diskKinds = ["Dedicated", "Managed", "Shared"];
const blobUri = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
const managedUri = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";

/** How old a qualified name has to be, and its domain backwards; or 16 or 32 hexadecimal digits (RFC 3720). */
const iscsiName = /^(iqn\.\d{4}-\d{2}\.([a-z]+\.[a-z0-9-.]+)?(:.*)?[^:.]|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})$/i;

function validateIscsiName(name: string, report: Report, beginnings: string): void {
  if (!/^(iqn|eui|naa)/.test(name)) report.invalid(name, `must be valid format${beginnings}`);
  else if (!iscsiName.test(name)) report.invalid(name, "must be valid format");
}

const iscsi = (beginnings: string): SourceCheck<"iscsi"> => (source, report) => {
  if (!source.targetPortal) report.at("targetPortal").required();
  if (!source.iqn) report.at("iqn").required();
  else validateIscsiName(source.iqn, report.at("iqn"), beginnings);
  unitNumber(source.lun, report.at("lun"), {});
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) report.at("secretRef").required();
  if (source.initiatorName !== undefined) {
    // Upstream writes the field's name so.
    validateIscsiName(source.initiatorName, report.at("initiatorname"), beginnings);
  }
  // Of the cluster's volumes only.
  if (!beginnings && source.secretRef && !source.secretRef.name) report.at("secretRef", "name").required();
};

const fc: SourceCheck<"fc"> = ({ targetWWNs = [], wwids = [], lun }, report) => {
  const place = report.at("targetWWNs");
  if (targetWWNs.length === 0 && wwids.length === 0) {
    place.required("must specify either targetWWNs or wwids, but not both");
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    place.invalid(targetWWNs, "targetWWNs and wwids can not be specified simultaneously");
  }
  if (targetWWNs.length === 0) return;
  if (lun === undefined) report.at("lun").required("lun is required if targetWWNs is specified");
  else unitNumber(lun, report.at("lun"), {});
};

const flocker: SourceCheck<"flocker"> = ({ datasetName, datasetUUID }, report) => {
  if (!datasetName && !datasetUUID) report.required("one of datasetName and datasetUUID is required");
  if (datasetName && datasetUUID) {
    report.invalid("resource", "datasetName and datasetUUID can not be specified simultaneously");
  }
  if (datasetName?.includes("/")) report.at("datasetName").invalid(datasetName, "must not contain '/'");
};

const flexVolume: SourceCheck<"flexVolume"> = ({ driver, options = {} }, report) => {
  if (!driver) report.at("driver").required();
  for (const key of Object.keys(options)) {
    const domain = key.split("/")[0]!.toLowerCase();
    if (!/(^|\.)(kubernetes|k8s)\.io$/.test(domain)) continue;
    report.at("options").key(key).invalid(key, "kubernetes.io and k8s.io namespaces are reserved");
  }
};

const quobyte: SourceCheck<"quobyte"> = ({ registry, tenant = "", volume }, report) => {
  const pairs = "must be a host:port pair or multiple pairs separated by commas";
  const place = report.at("registry");
  if (!registry) place.required(pairs);
  else if (registry.split(",").some((pair: string) => !pair.includes(":"))) place.invalid(registry, pairs);
  if (tenant.length >= 65) report.at("tenant").required("must be a UUID and may not exceed a length of 64 characters");
  if (!volume) report.at("volume").required();
};

const azureDisk: SourceCheck<"azureDisk"> = (source, report) => {
  for (const field of ["diskName", "diskURI"] as const) if (!source[field]) report.at(field).required();
  report.at("cachingMode").oneOf(source.cachingMode, cachingModes);
  report.at("kind").oneOf(source.kind, diskKinds);
  const uri = source.diskURI ?? "";
  const isManaged = source.kind === "Managed";
  if (!uri.startsWith(isManaged ? "/subscriptions" : "https://")) {
    report.at("diskURI").notSupported(uri, [isManaged ? managedUri : blobUri]);
  }
};

const glusterfs = rules(["endpoints", required()], ["path", required()]);

/** Of both; where a PersistentVolume asks for more, the second table has a row too. */
const ofBoth: SourceChecks = {
  emptyDir: ({ sizeLimit }, report) => {
    if (!String(sizeLimit ?? "").startsWith("-")) return;
    report.at("sizeLimit").forbidden("SizeLimit field must be a valid resource quantity");
  },
  hostPath: (source, report) => source.path ? hostPath(source, report) : report.at("path").required(),
  gitRepo: ({ repository, directory = "" }, report) => {
    if (!repository) report.at("repository").required();
    validateInsidePath(directory, report.at("directory"));
  },
  gcePersistentDisk: rules(["pdName", required()], partition),
  awsElasticBlockStore: rules(["volumeID", required()], partition),
  nfs: rules(["server", required()], ["path", required(), absolute]),
  iscsi: iscsi(" starting with iqn, eui, or naa"),
  glusterfs,
  flocker,
  rbd: rules(["monitors", required()], ["image", required()]),
  cinder: rules(["volumeID", required()], secretName),
  cephfs: rules(["monitors", required()]),
  quobyte,
  fc,
  flexVolume,
  azureFile: rules(["secretName", required()], ["shareName", required()]),
  vsphereVolume: rules(["volumePath", required()]),
  photonPersistentDisk: rules(["pdID", required()]),
  portworxVolume: rules(["volumeID", required()]),
  azureDisk,
  storageos: rules(
    ["volumeName", required(), named(dnsLabel)],
    ["volumeNamespace", named(dnsLabel)],
    secretName,
  ),
  scaleIO: rules(["gateway", required()], ["system", required()], ["volumeName", required()]),
};

const secretOf = (field: string): Rule[] => [
  [`${field}.name`, required(), named(dnsSubdomain)],
  [`${field}.namespace`, required(), named(dnsLabel)],
];
const csiSecrets = ["controllerPublish", "controllerExpand", "nodePublish", "nodeExpand"];

/** The cluster's volumes have no namespace from which the rest would follow. */
const ofCluster: SourceChecks = {
  iscsi: iscsi(""),
  glusterfs: (source, report) => {
    glusterfs(source, report);
    const { endpointsNamespace: namespace } = source;
    const place = report.at("endpointsNamespace");
    if (namespace === "") {
      place.invalid("", "if the endpointnamespace is set, it must be a valid namespace name");
    } else if (namespace !== undefined) place.named(namespace, dnsLabel);
  },
  cinder: rules(["volumeID", required()], secretName, ["secretRef.namespace", required()]),
  azureFile: (source, report) => {
    ofBoth.azureFile!(source, report);
    if (source.secretNamespace === "") report.at("secretNamespace").required();
  },
  storageos: (source, report) => {
    ofBoth.storageos!(source, report);
    if (source.secretRef && !source.secretRef.namespace) report.at("secretRef", "namespace").required();
  },
  local: rules(["path", required(), noWayUp]),
  csi: rules(
    ["driver", (value, report) => validateDriverName(value, report)],
    ["volumeHandle", required()],
    ...csiSecrets.flatMap((use) => secretOf(`${use}SecretRef`)),
  ),
};

const shownAs: Readonly<Record<string, string>> = { gcePersistentDisk: "persistentDisk" };

/** A source is of the type that its field has. */
function checkOf(checks: SourceChecks, field: string) {
  return checks[field as keyof Sources] as ((source: object, report: Report) => void) | undefined;
}

/** In a pod; nothing to say of kinds that only pods have. */
export function validateSource(kind: string, source: object, report: Report): void {
  checkOf(ofBoth, kind)?.(source, report.at(shownAs[kind] ?? kind));
}

export function validateClusterSource(kind: string, source: object, report: Report): void {
  const check = checkOf(ofCluster, kind) ?? checkOf(ofBoth, kind);
  check?.(source, report.at(shownAs[kind] ?? kind));
}

/** In the order in which upstream looks for them: the first is the volume's, the others are one too many. */
const podOrder = [
  ...["emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi"],
  ...["glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc"],
  ...["flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk"],
  ...["storageos", "projected", "scaleIO", "csi", "ephemeral", "image"],
];
const clusterOrder = [
  ...["hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte"],
  ...["cephfs", "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk"],
  ...["portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi"],
];

/** As upstream writes them where they are one too many. */
const misspelled: Readonly<Record<string, string>> = { cephfs: "cephFS", downwardAPI: "downwarAPI" };

/** Beside every other source upstream takes it for none. */
const uncounted = "flexVolume";

/** The only source, or undefined when there is none; others are reported. */
export function soleSource(holder: object, inCluster: boolean, report: Report): string | undefined {
  const sources = holder as Record<string, object | undefined>;
  const given = (inCluster ? clusterOrder : podOrder).filter((kind) => sources[kind]);
  const others = inCluster ? given.filter((kind) => kind !== uncounted) : given;
  const kinds = others.length > 0 ? others : given;
  if (inCluster && given.length > kinds.length) validateClusterSource(uncounted, sources[uncounted]!, report);
  if (kinds.length === 0) report.required("must specify a volume type");
  for (const kind of kinds.slice(1)) {
    report.at(misspelled[kind] ?? kind).forbidden("may not specify more than 1 volume type");
  }
  return kinds[0];
}
