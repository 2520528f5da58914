/** Control groups as the kernel shows them: folders, which it fills and takes down itself, and files that take one value. */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import { type CgroupVersion, type LimitFile, limitFiles } from "./limit_files.ts";

const mountedAt = "/sys/fs/cgroup";
const controllers = ["cpu", "memory", "pids"] as const;
/** Others may take a level away that has no group in it any more. */
const tries = 5;
const betweenMs = 20;

export class CgroupFolders {
  private constructor(readonly version: CgroupVersion, private readonly hierarchies: readonly string[]) {}

  /** Throws an Error that says what this machine lacks. */
  static async open(): Promise<CgroupFolders> {
    const unified = await Deno.readTextFile(`${mountedAt}/cgroup.controllers`).catch(() => undefined);
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(mountedAt)) if (isDirectory) names.push(name);
    const present = unified?.trim().split(" ") ?? names;
    const missing = controllers.filter((name) => !present.includes(name) && !isLink(`${mountedAt}/${name}`));
    if (missing.length > 0) throw new Error(`no controller ${missing.join(", ")} in ${mountedAt}`);
    return unified === undefined
      ? new CgroupFolders(1, names.map((name) => `${mountedAt}/${name}`))
      : new CgroupFolders(2, [mountedAt]);
  }

  /** Whether it was not there. Throws `NotFound` when what it stands in isn't. */
  async make(group: string): Promise<boolean> {
    if (this.version === 2) await this.#delegate(group);
    const folders = new Set(controllers.map((controller) => `${this.#base(controller)}/${group}`));
    const made = await Promise.all([...folders].map(makeFolder));
    return made.includes(true);
  }

  async write(group: string, limits: ResourceLimits): Promise<void> {
    const write = ({ controller, file, text }: LimitFile) => {
      const path = `${this.#base(controller)}/${group}/${file}`;
      return Deno.writeTextFile(path, text(limits), { create: false }).catch((cause) => {
        throw new Error(`${path}: ${text(limits)}: ${cause.message}`, { cause });
      });
    };
    await Promise.all(limitFiles[this.version].map(write));
  }

  /** Those that have an order; `undefined` when it isn't there. */
  async read(group: string): Promise<ResourceLimits | undefined> {
    const rows = limitFiles[this.version].filter(({ limits }) => limits);
    try {
      const texts = await Promise.all(
        rows.map(({ controller, file }) => Deno.readTextFile(`${this.#base(controller)}/${group}/${file}`)),
      );
      return Object.assign({}, ...rows.map(({ limits }, i) => limits!(texts[i]!.trim())));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** With what containers left in it. Throws when something still runs there. */
  async remove(group: string): Promise<void> {
    await Promise.all(this.hierarchies.map((hierarchy) => removeFolder(`${hierarchy}/${group}`, tries)));
  }

  /** Unless there is something in it. */
  async removeEmpty(group: string): Promise<void> {
    await Promise.all(this.hierarchies.map((hierarchy) => Deno.remove(`${hierarchy}/${group}`).catch(() => {})));
  }

  async isEmpty(group: string): Promise<boolean> {
    for await (const { isDirectory } of Deno.readDir(`${this.#base("memory")}/${group}`)) if (isDirectory) return false;
    return true;
  }

  #base(controller: string): string {
    return this.version === 1 ? `${mountedAt}/${controller}` : mountedAt;
  }

  /** Version 2 gives a group only the controllers that the one above it hands down. */
  async #delegate(group: string): Promise<void> {
    const above = `${mountedAt}/${group}`.replace(/\/[^/]*$/, "");
    const path = `${above}/cgroup.subtree_control`;
    const given = (await Deno.readTextFile(path)).trim().split(" ");
    const wanted = controllers.filter((name) => !given.includes(name)).map((name) => `+${name}`);
    if (wanted.length > 0) await Deno.writeTextFile(path, wanted.join(" "), { create: false });
  }
}

/** `cpu` is a link to `cpu,cpuacct` on many machines. */
function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

async function makeFolder(path: string): Promise<boolean> {
  try {
    await Deno.mkdir(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

async function removeFolder(path: string, left: number): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (left === 0) throw error;
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) await removeFolder(`${path}/${name}`, 0).catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
    await removeFolder(path, left - 1);
  }
}
