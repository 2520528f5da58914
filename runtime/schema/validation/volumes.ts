/** Volumes of a pod: a name of their own and one source each. */
import type { IKeyToPath } from "kubernetes-models/v1/KeyToPath";
import type { IVolume } from "kubernetes-models/v1/Volume";
import type { IVolumeProjection } from "kubernetes-models/v1/VolumeProjection";
import { validateInsidePath } from "./container.ts";
import { validateFieldRef, volumeFields } from "./env.ts";
import { dnsLabel } from "./names.ts";
import { validateAmount } from "./numbers.ts";
import type { Report } from "./report.ts";

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

/** Returns the names of the volumes, for mounts to refer to. */
export function validateVolumes(volumes: IVolume[] | undefined, report: Report): Set<string> {
  const names = new Set<string>();
  volumes?.forEach((volume, i) => {
    const place = report.at(i);
    place.at("name").requiredName(volume.name, dnsLabel);
    if (volume.name && names.has(volume.name)) place.at("name").duplicate(volume.name);
    names.add(volume.name);
    validateOneSource(volume, place);
  });
  return names;
}

function validateOneSource(volume: IVolume, report: Report): void {
  const kinds = Object.keys(volume).filter((field) => field !== "name");
  if (kinds.length === 0) return report.required("must specify a volume type");
  kinds.slice(1).forEach((kind) => report.at(kind).forbidden("may not specify more than 1 volume type"));
  sourceRules[kinds[0]!]?.(volume, report.at(kinds[0]!));
}

const sourceRules: Readonly<Record<string, (volume: IVolume, report: Report) => void>> = {
  hostPath: ({ hostPath }, report) => {
    requireAll(report, { path: hostPath!.path });
    if (hostPath!.path?.split("/").includes("..")) report.at("path").invalid(hostPath!.path, "must not contain '..'");
    if (!hostPathTypes.includes(hostPath!.type ?? "")) report.at("type").notSupported(hostPath!.type, hostPathTypes);
  },
  emptyDir: ({ emptyDir }, report) => {
    if (emptyDir!.sizeLimit !== undefined) validateAmount(emptyDir!.sizeLimit, report.at("sizeLimit"));
  },
  secret: ({ secret }, report) => {
    requireAll(report, { secretName: secret!.secretName });
    validateFiles(secret!, report);
  },
  configMap: ({ configMap }, report) => {
    requireAll(report, { name: configMap!.name });
    validateFiles(configMap!, report);
  },
  nfs: ({ nfs }, report) => {
    requireAll(report, { server: nfs!.server, path: nfs!.path });
    if (nfs!.path && !nfs!.path.startsWith("/")) report.at("path").invalid(nfs!.path, "must be an absolute path");
  },
  persistentVolumeClaim: ({ persistentVolumeClaim: claim }, report) =>
    requireAll(report, { claimName: claim!.claimName }),
  csi: ({ csi }, report) => requireAll(report, { driver: csi!.driver }),
  downwardAPI: ({ downwardAPI }, report) => validateDownward(downwardAPI!, report),
  projected: ({ projected }, report) => {
    validateMode(projected!.defaultMode, report.at("defaultMode"));
    projected!.sources?.forEach((source, i) => validateProjection(source, report.at("sources", i), report));
  },
};

function requireAll(report: Report, fields: Record<string, string | undefined>): void {
  for (const [field, value] of Object.entries(fields)) if (!value) report.at(field).required();
}

function validateMode(mode: number | undefined, report: Report): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    report.invalid(mode, "must be a number between 0 and 0777 (octal), both inclusive");
  }
}

function validateFiles(source: { defaultMode?: number; items?: IKeyToPath[] }, report: Report): void {
  validateMode(source.defaultMode, report.at("defaultMode"));
  source.items?.forEach((item, i) => {
    const place = report.at("items", i);
    requireAll(place, { key: item.key, path: item.path });
    validateInsidePath(item.path ?? "", place.at("path"));
    validateMode(item.mode, place.at("mode"));
  });
}

type Downward = NonNullable<IVolume["downwardAPI"]>;

function validateDownward(source: Pick<Downward, "items" | "defaultMode">, report: Report): void {
  validateMode(source.defaultMode, report.at("defaultMode"));
  source.items?.forEach((item) => {
    // Upstream leaves the index out here.
    requireAll(report, { path: item.path });
    validateInsidePath(item.path ?? "", report.at("path"));
    if (item.fieldRef) validateFieldRef(item.fieldRef, report.at("fieldRef"), volumeFields);
    else if (!item.resourceFieldRef) report.required("one of fieldRef and resourceFieldRef is required");
  });
}

const shortestTokenSeconds = 600;

/** `whole` is the projected volume: upstream reports a token's missing path there. */
function validateProjection(source: IVolumeProjection, report: Report, whole: Report): void {
  if (source.secret) requireAll(report.at("secret"), { name: source.secret.name });
  if (source.secret) validateFiles(source.secret, report.at("secret"));
  if (source.configMap) requireAll(report.at("configMap"), { name: source.configMap.name });
  if (source.configMap) validateFiles(source.configMap, report.at("configMap"));
  if (source.downwardAPI) validateDownward(source.downwardAPI, report.at("downwardAPI"));
  const token = source.serviceAccountToken;
  if (!token) return;
  const place = report.at("serviceAccountToken");
  requireAll(whole, { path: token.path });
  if ((token.expirationSeconds ?? shortestTokenSeconds) < shortestTokenSeconds) {
    place.at("expirationSeconds").invalid(token.expirationSeconds, "may not specify a duration less than 10 minutes");
  }
}
