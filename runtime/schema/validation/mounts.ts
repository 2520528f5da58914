/** Where a container sees the pod's volumes: as files, or as devices. */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IVolume } from "kubernetes-models/v1/Volume";
import type { IVolumeMount } from "kubernetes-models/v1/VolumeMount";
import { validateInsidePath } from "./paths.ts";
import type { Report } from "./report.ts";

type Volumes = ReadonlyMap<string, IVolume>;

export function validateMounts(container: IContainer, volumes: Volumes, report: Report): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  if (volumeMounts.length > 0) validateFiles(container, volumes, report.at("volumeMounts"));
  if (volumeDevices.length > 0) validateDevices(container, volumes, report.at("volumeDevices"));
}

function validateFiles(container: IContainer, volumes: Volumes, report: Report): void {
  const { volumeMounts = [], volumeDevices = [], securityContext } = container;
  const paths = new Set<string>();
  volumeMounts.forEach((mount, i) => {
    const place = report.at(i);
    const { name = "", mountPath = "" } = mount;
    if (!name) place.at("name").required();
    if (!volumes.has(name)) place.at("name").notFound(name);
    if (!mountPath) place.at("mountPath").required();
    if (paths.has(mountPath)) place.at("mountPath").invalid(mountPath, "must be unique");
    paths.add(mountPath);
    if (volumeDevices.some((device) => (device.name ?? "") === name)) {
      place.at("name").invalid(name, "must not already exist in volumeDevices");
    }
    if (volumeDevices.some((device) => (device.devicePath ?? "") === mountPath)) {
      place.at("mountPath").invalid(mountPath, "must not already exist as a path in volumeDevices");
    }
    validateSubPaths(mount, place, report);
    validatePropagation(mount, securityContext?.privileged ?? false, report);
  });
}

/** Upstream leaves the index out of what it says of the paths themselves: `list`. */
function validateSubPaths({ subPath, subPathExpr }: IVolumeMount, report: Report, list: Report): void {
  if (subPath) validateInsidePath(subPath, list.at("subPath"));
  if (!subPathExpr) return;
  if (subPath) {
    report.at("subPathExpr").invalid(subPathExpr, "subPathExpr and subPath are mutually exclusive");
  }
  validateInsidePath(subPathExpr, list.at("subPathExpr"));
}

const propagations = ["Bidirectional", "HostToContainer", "None"];
const readOnlyModes = ["Disabled", "Enabled", "IfPossible"];

function validatePropagation(mount: IVolumeMount, isPrivileged: boolean, list: Report): void {
  const { mountPropagation: propagation, recursiveReadOnly: mode, readOnly } = mount;
  const place = list.at("mountPropagation");
  place.oneOf(propagation, propagations);
  if (propagation === "Bidirectional" && !isPrivileged) {
    place.forbidden("Bidirectional mount propagation is available only to privileged containers");
  }
  const readOnlyPlace = list.at("recursiveReadOnly");
  readOnlyPlace.oneOf(mode, readOnlyModes);
  if (mode !== "Enabled" && mode !== "IfPossible") return;
  if (!readOnly) readOnlyPlace.forbidden("may only be specified when readOnly is true");
  if (propagation !== undefined && propagation !== "None") {
    readOnlyPlace.forbidden("may only be specified when mountPropagation is None or not specified");
  }
}

function validateDevices(container: IContainer, volumes: Volumes, report: Report): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const names = new Set<string>();
  const paths = new Set<string>();
  volumeDevices.forEach(({ name = "", devicePath: path = "" }, i) => {
    const [namePlace, pathPlace] = [report.at(i, "name"), report.at(i, "devicePath")];
    if (!name) namePlace.required();
    if (names.has(name)) namePlace.invalid(name, "must be unique");
    names.add(name);
    validateBlockVolume(name, volumes, namePlace);
    if (!path) pathPlace.required();
    if (paths.has(path)) pathPlace.invalid(path, "must be unique");
    paths.add(path);
    if (path.split("/").includes("..")) pathPlace.invalid(path, "can not contain backsteps ('..')");
    if (volumeMounts.some((mount) => (mount.name ?? "") === name)) {
      namePlace.invalid(name, "must not already exist in volumeMounts");
    }
    if (volumeMounts.some((mount) => (mount.mountPath ?? "") === path)) {
      pathPlace.invalid(path, "must not already exist as a path in volumeMounts");
    }
  });
}

function validateBlockVolume(name: string, volumes: Volumes, report: Report): void {
  const volume = volumes.get(name);
  if (!volume) return report.notFound(name);
  if (volume.persistentVolumeClaim || volume.ephemeral) return;
  report.invalid(name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
}
