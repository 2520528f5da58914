/** Volumes of a pod: a name of their own and one source each. */
import type { IKeyToPath } from "kubernetes-models/v1/KeyToPath";
import type { IVolume } from "kubernetes-models/v1/Volume";
import type { IVolumeProjection } from "kubernetes-models/v1/VolumeProjection";
import { validateDriverName } from "./driver_name.ts";
import { validateFieldRef, validateResourceFieldRef, volumeFields } from "./env.ts";
import { validateAnnotations, validateLabels } from "./metadata.ts";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import { validateFilePath } from "./paths.ts";
import type { Report } from "./report.ts";
import { validateClaim } from "./storage.ts";
import { soleSource, validateSource } from "./volume_sources.ts";

/** Returns the volumes in which nothing is wrong, for mounts to refer to. */
export function validateVolumes(volumes: IVolume[] | undefined, report: Report): Map<string, IVolume> {
  const good = new Map<string, IVolume>();
  volumes?.forEach((volume, i) => {
    const place = report.at(i);
    const before = report.faults.length;
    const kind = soleSource(volume, false, place);
    if (kind) validateSourceOf(volume, kind, place);
    place.at("name").requiredName(volume.name, dnsLabel);
    if (good.has(volume.name)) place.at("name").duplicate(volume.name);
    if (report.faults.length === before) good.set(volume.name, volume);
  });
  return good;
}

function validateSourceOf(volume: IVolume, kind: string, report: Report): void {
  const rule = sourceRules[kind];
  if (rule) rule(volume, report.at(kind));
  else validateSource(kind, volume[kind as keyof IVolume] as object, report);
}

const sourceRules: Readonly<Record<string, (volume: IVolume, report: Report) => void>> = {
  secret: ({ secret }, report) => {
    requireAll(report, { secretName: secret!.secretName });
    validateFiles(secret!, report);
  },
  configMap: ({ configMap }, report) => {
    requireAll(report, { name: configMap!.name });
    validateFiles(configMap!, report);
  },
  persistentVolumeClaim: ({ persistentVolumeClaim: claim }, report) =>
    requireAll(report, { claimName: claim!.claimName }),
  csi: ({ csi }, report) => {
    validateDriverName(csi!.driver, report.at("driver"));
    const secret = csi!.nodePublishSecretRef;
    if (secret && !secret.name) report.at("nodePublishSecretRef", "name").required();
    else if (secret) report.at("name").named(secret.name!, dnsSubdomain);
  },
  downwardAPI: ({ downwardAPI }, report) => validateDownward(downwardAPI!, report),
  projected: ({ projected }, report) => validateProjected(projected!, report),
  ephemeral: ({ ephemeral }, report) => {
    const template = ephemeral!.volumeClaimTemplate;
    if (!template) report.at("volumeClaimTemplate").required();
    else validateClaimTemplate(template, report.at("volumeClaimTemplate"));
  },
  image: ({ image }, report) => {
    requireAll(report, { reference: image!.reference });
    report.at("pullPolicy").oneOf(image!.pullPolicy, ["Always", "IfNotPresent", "Never"]);
  },
};

function requireAll(report: Report, fields: Record<string, string | undefined>): void {
  for (const [field, value] of Object.entries(fields)) if (!value) report.at(field).required();
}

type ClaimTemplate = NonNullable<NonNullable<IVolume["ephemeral"]>["volumeClaimTemplate"]>;

/** The claim is named and placed after its pod. */
function validateClaimTemplate({ metadata = {}, spec }: ClaimTemplate, report: Report): void {
  const place = report.at("metadata");
  validateAnnotations(metadata.annotations, place.at("annotations"));
  validateLabels(metadata.labels, place.at("labels"));
  for (const field of ["name", "namespace", "finalizers"] as const) {
    if (metadata[field]?.length) place.at(field).forbidden("cannot be set");
  }
  validateClaim({ spec }, report);
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
    validateFilePath(item.path ?? "", place.at("path"));
    validateMode(item.mode, place.at("mode"));
  });
}

type Downward = NonNullable<IVolume["downwardAPI"]>;

function validateDownward(source: Pick<Downward, "items" | "defaultMode">, report: Report): void {
  validateMode(source.defaultMode, report.at("defaultMode"));
  source.items?.forEach(({ path, mode, fieldRef, resourceFieldRef }) => {
    // Upstream leaves the index out here.
    requireAll(report, { path });
    validateFilePath(path ?? "", report.at("path"));
    if (fieldRef) {
      validateFieldRef(fieldRef, report.at("fieldRef"), volumeFields);
      if (resourceFieldRef) {
        report.invalid("resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
      }
    } else if (resourceFieldRef) validateResourceFieldRef(resourceFieldRef, report.at("resourceFieldRef"), true);
    else report.required("one of fieldRef and resourceFieldRef is required");
    validateMode(mode, report.at("mode"));
  });
}

type Projected = NonNullable<IVolume["projected"]>;

function validateProjected(projected: Projected, report: Report): void {
  validateMode(projected.defaultMode, report.at("defaultMode"));
  const paths = new Set<string>();
  projected.sources?.forEach((source, i) => {
    validateProjection(source, report.at("sources", i), report);
    for (const [path, owner] of pathsOf(source)) {
      if (paths.has(path)) report.invalid(owner, "conflicting duplicate paths");
      paths.add(path);
    }
  });
}

/** With whom upstream names when two claim the same. */
function pathsOf({ secret, configMap, downwardAPI }: IVolumeProjection): [path: string, owner: string][] {
  const owned = [secret, configMap].flatMap((source) =>
    (source?.items ?? []).map(({ path }): [string, string] => [path, source!.name ?? ""])
  );
  const plain = (downwardAPI?.items ?? []).map(({ path }): [string, string] => [path, path]);
  return [...owned, ...plain].filter(([path]) => path);
}

const shortestTokenSeconds = 600;
const longestTokenSeconds = 2 ** 32;

/** `whole` is the projected volume: upstream reports a token's path there. */
function validateProjection(source: IVolumeProjection, report: Report, whole: Report): void {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source;
  for (const [kind, files] of [["secret", secret], ["configMap", configMap]] as const) {
    if (!files) continue;
    requireAll(report.at(kind), { name: files.name });
    validateFiles(files, report.at(kind));
  }
  if (downwardAPI) validateDownward(downwardAPI, report.at("downwardAPI"));
  if (Object.keys(source).length > 1) report.forbidden("may not specify more than 1 volume type per source");
  if (token) validateToken(token, report.at("serviceAccountToken"), whole);
}

type Token = NonNullable<IVolumeProjection["serviceAccountToken"]>;

function validateToken({ path, expirationSeconds }: Token, report: Report, whole: Report): void {
  const seconds = expirationSeconds ?? shortestTokenSeconds;
  const place = report.at("expirationSeconds");
  if (seconds < shortestTokenSeconds) place.invalid(seconds, "may not specify a duration less than 10 minutes");
  if (seconds > longestTokenSeconds) place.invalid(seconds, "may not specify a duration larger than 2^32 seconds");
  requireAll(whole, { path });
  validateFilePath(path ?? "", whole.at("path"));
}
