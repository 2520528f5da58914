/** The bind mounts of one container: its volumes, and the files that every pod's containers share; and its block devices. */
import type { Device, Mount } from "../../../runtime/engine/mod.ts";
import { type Container, type Pod, specOf, type VolumeMount } from "../pod/pod.ts";
import { MountError } from "../volumes/payload.ts";
import { pinReadOnly } from "../volumes/read_only.ts";
import { pinSubPath } from "../volumes/sub_path.ts";
import { expand, variablesIn } from "./env.ts";

export interface MountFacts {
  readonly pod: Pod;
  readonly container: Container;
  readonly podDir: string;
  readonly volumes: ReadonlyMap<string, string>;
  /** Names of volumes that no container may write. */
  readonly readOnly: ReadonlySet<string>;
  readonly env: ReadonlyMap<string, string>;
}

const propagations = { None: undefined, HostToContainer: "rslave", Bidirectional: "rshared" } as const;

export async function mountsOf(facts: MountFacts): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (facts.container.volumeMounts ?? []).entries()) {
    mounts.push({
      source: await sourceOf(facts, mount, index),
      target: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: mount.readOnly || facts.readOnly.has(mount.name),
      propagation: propagations[(mount.mountPropagation ?? "None") as keyof typeof propagations],
    });
  }
  const taken = new Set(mounts.map(({ target }) => target));
  return [...mounts, ...sharedFiles(facts).filter(({ target }) => !taken.has(target))];
}

async function sourceOf(
  { container, podDir, volumes, env }: MountFacts,
  mount: VolumeMount,
  index: number,
): Promise<string> {
  const volume = volumes.get(mount.name);
  if (volume === undefined) {
    throw new MountError(`volume "${mount.name}" of container ${container.name} is not mounted`);
  }
  const subPath = mount.subPathExpr ? expandPath(mount.subPathExpr, env) : mount.subPath;
  const place = (what: string) => `${podDir}/${what}/${mount.name}/${container.name}/${index}`;
  const shown = subPath ? await pinSubPath(volume, subPath, place("volume-subpaths")) : volume;
  const readOnly = mount.readOnly && ["Enabled", "IfPossible"].includes(mount.recursiveReadOnly ?? "");
  return readOnly ? await pinReadOnly(shown, place("volume-read-only")) : shown;
}

/** A variable without a value would name another folder than the one that was meant. */
function expandPath(text: string, env: ReadonlyMap<string, string>): string {
  const missing = variablesIn(text).filter((name) => !env.get(name));
  if (missing.length > 0) throw new MountError(`missing value for ${missing.join(", ")}`);
  return expand(text, env);
}

/** `volumeDevices`; `devices`: host path of each volume that is one. */
export function devicesOf({ name, volumeDevices = [] }: Container, devices: ReadonlyMap<string, string>): Device[] {
  return volumeDevices.map((one) => {
    const source = devices.get(one.name);
    if (source === undefined) throw new MountError(`volume "${one.name}" of container ${name} is not a block device`);
    return { source, target: one.devicePath, permissions: "mrw" };
  });
}

function sharedFiles({ pod, podDir }: MountFacts): Mount[] {
  const files: Mount[] = [
    { source: `${podDir}/etc-hosts`, target: "/etc/hosts", readOnly: false },
    { source: `${podDir}/resolv.conf`, target: "/etc/resolv.conf", readOnly: false },
  ];
  return specOf(pod).hostNetwork && !specOf(pod).hostAliases ? files.slice(1) : files;
}
