/** `d8s certs`: the certificates of this machine with the time that they have left, and their renewal. */
import { readCertificate, readIfThere, renewPki, rotateServiceAccountKey } from "../auth/mod.ts";
import { makePki } from "./master_process.ts";
import { aligned } from "./readiness_table.ts";
import type { Settings } from "./settings.ts";

const dayMs = 86_400_000;
const header = ["CERTIFICATE", "EXPIRES", "LEFT", "NAMES"];

/** A line for each, the master's and the node's. */
export async function listCerts({ dataDir }: Settings, nowMs: number): Promise<string[]> {
  const folders = [`${dataDir}/pki`, `${dataDir}/node`];
  const rows = (await Promise.all(folders.map((folder) => rowsOf(folder, nowMs)))).flat();
  if (rows.length === 0) {
    throw new Error(`there are no certificates below ${dataDir}: is this a d8s machine (--data-dir)?`);
  }
  const keys = await tokenRows(`${dataDir}/pki`);
  return [...aligned([header, ...rows]), ...(keys.length > 0 ? ["", ...aligned([tokenHeader, ...keys])] : [])];
}

const tokenHeader = ["TOKEN KEY", "SINCE", "USE"];

/** The key that signs ServiceAccount tokens, and those whose tokens still count. */
async function tokenRows(folder: string): Promise<string[][]> {
  const keys = (await namesIn(folder)).filter((name) => /^sa(-.+)?\.(key|pub)$/.test(name));
  keys.sort((left, right) => Number(right === "sa.key") - Number(left === "sa.key") || left.localeCompare(right));
  return await Promise.all(keys.map(async (name) => {
    const { mtime } = await Deno.stat(`${folder}/${name}`);
    const use = name === "sa.key" ? "signs" : "its tokens count until this file is removed";
    return [`${folder}/${name}`, mtime?.toISOString().slice(0, 10) ?? "", use];
  }));
}

/** Returns the file of the old key's public half. */
export function rotateTokenKey({ dataDir }: Settings): Promise<string> {
  return rotateServiceAccountKey(`${dataDir}/pki`);
}

/** None where there is no such folder: a node apart has no keys of the master's. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function rowsOf(folder: string, nowMs: number): Promise<string[][]> {
  const files = (await namesIn(folder)).filter((name) => name.endsWith(".crt"));
  return await Promise.all(
    files.sort().map(async (file) => {
      const { notAfterMs, names } = readCertificate(await readIfThere(`${folder}/${file}`) ?? "");
      return [
        `${folder}/${file}`,
        new Date(notAfterMs).toISOString().slice(0, 10),
        left(notAfterMs - nowMs),
        names.join(","),
      ];
    }),
  );
}

function left(ms: number): string {
  if (ms <= 0) return "EXPIRED";
  return ms < 2 * dayMs ? `${Math.floor(ms / 3_600_000)}h` : `${Math.floor(ms / dayMs)}d`;
}

/**
 * New certificates for the keys that are there, signed by the authority that is there. A master that runs takes them up at
 * once; a node apart asks for new ones itself.
 */
export async function renewCerts(settings: Settings): Promise<string[]> {
  const dir = `${settings.dataDir}/pki`;
  if (!await readIfThere(`${dir}/ca.key`)) throw new Error(`${dir} has no authority to sign with: renew on the master`);
  const nodeCert = await readIfThere(`${dir}/node-${settings.nodeName}.crt`);
  return await renewPki(dir, () => makePki({ settings, withNode: nodeCert !== undefined }));
}
