/** The files of one control group, read once each: of cgroup v1, where every controller has a folder, and of v2. */

const root = "/sys/fs/cgroup";

export interface CgroupFiles {
  readonly version: 1 | 2;
  /** Below the root of the hierarchy; of the memory controller in v1. The root itself is `/`. */
  readonly path: string;
  /** `CONTROLLER/FILE` in v1, `FILE` in v2. Absent is absent. */
  text(name: string): Promise<string | undefined>;
  /** The group around this one. */
  parent(): CgroupFiles;
}

/** `text`: of `/proc/PID/cgroup`. On a machine that has both versions the controllers are in v1. */
export function cgroupFiles(text: string): CgroupFiles | undefined {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers?.split(",") ?? []) paths.set(controller, path!);
  }
  if (paths.has("memory") && paths.has("cpuacct")) return filesOf(1, paths, "memory");
  return paths.has("") ? filesOf(2, paths, "") : undefined;
}

/** The group of everything that runs on the machine. */
export function rootCgroup({ version }: Pick<CgroupFiles, "version">): CgroupFiles {
  const all = version === 1 ? ["cpu", "cpuacct", "memory", "pids", "blkio"] : [""];
  return filesOf(version, new Map(all.map((controller) => [controller, "/"])), version === 1 ? "memory" : "");
}

function filesOf(version: 1 | 2, paths: ReadonlyMap<string, string>, main: string): CgroupFiles {
  const known = new Map<string, Promise<string | undefined>>();
  const read = (name: string) => {
    const [controller = "", file] = version === 1 ? name.split("/") : ["", name];
    const path = paths.get(controller);
    if (path === undefined) return Promise.resolve(undefined);
    return Deno.readTextFile([root, controller, path, file].join("/")).catch(() => undefined);
  };
  return {
    version,
    path: paths.get(main)!,
    text: (name) => known.get(name) ?? known.set(name, read(name)).get(name)!,
    parent: () => filesOf(version, new Map([...paths].map(([name, path]) => [name, parentOf(path)])), main),
  };
}

/** A pod's own group is the one around its containers', where that bears the pod's uid. */
export function podCgroup(ofContainer: CgroupFiles, podUid: string): CgroupFiles | undefined {
  const around = ofContainer.parent();
  return around.path.replaceAll("_", "-").includes(podUid) ? around : undefined;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** What stands at `FILE` or `FILE FIELD`; a line of pressure counts by its total. Absent where the kernel doesn't tell it. */
export async function figureAt(files: CgroupFiles, place: string): Promise<number | undefined> {
  const [name = "", field] = place.split(" ");
  const text = await files.text(name);
  if (text === undefined) return undefined;
  const line = field === undefined ? text : text.split("\n").find((one) => one.startsWith(`${field} `));
  const word = line === undefined ? undefined : /(?:total=|^\S+ |^)(\d+)\s*$/.exec(line)?.[1];
  return word === undefined ? undefined : Number(word);
}
