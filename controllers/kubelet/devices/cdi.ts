/**
 * Devices by name (`vendor.com/class=name`), as the Container Device Interface's files on this node describe them. The engine
 * need not know CDI: what a device adds to a container is put in here.
 *
 * Source: https://github.com/cncf-tags/container-device-interface, SPEC.md 1.0.
 */
import { load } from "js-yaml";
import { ConfigError } from "../container/env.ts";
import type { Grant } from "./protocol.ts";

/** What comes later wins. */
const folders = ["/etc/cdi", "/var/run/cdi"];

/** What a container gets for a device, or for any device of a file. */
interface Edits {
  readonly env?: readonly string[];
  readonly deviceNodes?: readonly {
    readonly path: string;
    readonly hostPath?: string;
    readonly permissions?: string;
  }[];
  readonly mounts?: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly options?: readonly string[];
  }[];
}

export interface CdiSpec {
  /** `vendor.com/class` */
  readonly kind: string;
  readonly devices: readonly { readonly name: string; readonly containerEdits?: Edits }[];
  readonly containerEdits?: Edits;
}

/** Throws a `ConfigError` for a device that no file describes, or one that asks for what can't be given here. */
export async function cdiGrants(names: readonly string[]): Promise<Grant[]> {
  if (names.length === 0) return [];
  return editsFor(names, await readSpecs()).map(grantOf);
}

/** A file's own edits come once, before those of its devices. Pure. */
export function editsFor(names: readonly string[], specs: readonly CdiSpec[]): Edits[] {
  const chosen = [...new Set(names)].map((name) => {
    const spec = specs.findLast(({ kind, devices }) => devices.some((one) => name === `${kind}=${one.name}`));
    if (!spec) throw new ConfigError(`unresolvable CDI device ${name}`);
    return { spec, device: spec.devices.find((one) => name === `${spec.kind}=${one.name}`)! };
  });
  const shared = [...new Set(chosen.map(({ spec }) => spec))].map(({ containerEdits }) => containerEdits);
  const edits = [...shared, ...chosen.map(({ device }) => device.containerEdits)].filter((one) => one !== undefined);
  edits.forEach(refuseUnknown);
  return edits;
}

function refuseUnknown(edits: Edits): void {
  const { env: _e, deviceNodes: _d, mounts: _m, ...more } = edits;
  const [asked] = Object.entries(more).filter(([, value]) => value !== undefined && value !== null);
  if (asked) throw new ConfigError(`CDI ${asked[0]} are not supported by this node`);
}

/** Pure. */
export function grantOf({ env = [], deviceNodes = [], mounts = [] }: Edits): Grant {
  return {
    envs: Object.fromEntries(env.map((line) => [line.split("=", 1)[0]!, line.slice(line.indexOf("=") + 1)])),
    devices: deviceNodes.map(({ path, hostPath = path, permissions = "rwm" }) => ({
      container_path: path,
      host_path: hostPath,
      permissions,
    })),
    mounts: mounts.map(({ hostPath, containerPath, options = [] }) => ({
      host_path: hostPath,
      container_path: containerPath,
      read_only: options.includes("ro"),
    })),
    cdi_devices: [],
  };
}

async function readSpecs(): Promise<CdiSpec[]> {
  const specs = await Promise.all(folders.map(specsIn));
  return specs.flat();
}

async function specsIn(folder: string): Promise<CdiSpec[]> {
  const specs: CdiSpec[] = [];
  try {
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    for (const name of names.filter((one) => /\.(json|ya?ml)$/.test(one)).sort()) {
      specs.push(load(await Deno.readTextFile(`${folder}/${name}`)) as CdiSpec);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return specs;
}
