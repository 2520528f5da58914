/** `nfs`: an export of another machine. The kernel's client needs a program of its own, which a bare machine has not got. */
import $ from "dax";
import type { INFSVolumeSource } from "kubernetes-models/v1/NFSVolumeSource";
import { MountError } from "./payload.ts";

export type NfsSource = INFSVolumeSource;

export interface NfsOptions {
  readonly readOnly: boolean;
  readonly mountOptions?: readonly string[];
  /** Where the program is looked for. */
  readonly helpers?: readonly string[];
}

/** A server that does not answer must not hold a pod's worker for ever. */
const patienceSeconds = 60;
const usualHelpers = ["/sbin/mount.nfs", "/usr/sbin/mount.nfs"];

export async function mountNfs(
  { server, path, readOnly }: NfsSource,
  place: string,
  options: NfsOptions,
): Promise<void> {
  const { helpers = usualHelpers, mountOptions = [] } = options;
  const there = await Promise.all(helpers.map((helper) => Deno.stat(helper).then(() => true, () => false)));
  if (!there.includes(true)) {
    throw new MountError(
      "mount failed: nfs volumes need the program mount.nfs on this node (Debian: package nfs-common, CentOS: nfs-utils)",
    );
  }
  await Deno.mkdir(place, { recursive: true, mode: 0o750 });
  const words = [...mountOptions, ...(readOnly || options.readOnly ? ["ro"] : [])];
  const flags = words.length > 0 ? ["-o", words.join(",")] : [];
  const host = server.includes(":") ? `[${server}]` : server;
  const { code, stderr } = await $`timeout ${patienceSeconds} mount -t nfs ${flags} -- ${`${host}:${path}`} ${place}`
    .stderr("piped").stdout("null").noThrow();
  if (code === 0) return;
  throw new MountError(`mount failed: ${code === 124 ? `${server} does not answer` : stderr.trim() || `exit ${code}`}`);
}
