/**
 * What CSI drivers have published on this node, one small file each, so that an agent that died knows what to take back. A
 * record is there before the driver is called for the first time, and goes after the last call.
 */
import type { Ref } from "../../../../runtime/schema/mod.ts";

export interface CsiRecord {
  readonly podUid: string;
  /** As `CsiVolume.name`. */
  readonly name: string;
  readonly podVolume: string;
  readonly claim?: Ref;
  readonly driver: string;
  readonly handle: string;
  readonly target: string;
  /** Empty: it is never staged. */
  readonly staging: string;
  readonly attached: boolean;
  /** All steps were done. */
  readonly ready: boolean;
}

export class CsiRecords {
  constructor(readonly folder: string) {}

  async write(record: CsiRecord): Promise<void> {
    await Deno.mkdir(this.folder, { recursive: true, mode: 0o700 });
    const fresh = `${this.folder}/.new-${crypto.randomUUID()}`;
    await Deno.writeTextFile(fresh, JSON.stringify(record), { mode: 0o600 });
    await Deno.rename(fresh, this.#path(record.podUid, record.name));
  }

  async read(podUid: string, name: string): Promise<CsiRecord | undefined> {
    return await readRecord(this.#path(podUid, name));
  }

  async remove({ podUid, name }: CsiRecord): Promise<void> {
    await Deno.remove(this.#path(podUid, name)).catch(ignoreAbsent);
  }

  async all(): Promise<CsiRecord[]> {
    const records: CsiRecord[] = [];
    for (const path of await pathsIn(this.folder)) {
      const record = await readRecord(path);
      if (record) records.push(record);
    }
    return records;
  }

  async ofPod(podUid: string): Promise<CsiRecord[]> {
    const records: CsiRecord[] = [];
    for (const path of await pathsIn(`${this.folder}`, `${podUid}_`)) {
      const record = await readRecord(path);
      if (record) records.push(record);
    }
    return records;
  }

  /** Neither part can hold a slash: one is a uid, the other a DNS name. */
  #path(podUid: string, name: string): string {
    return `${this.folder}/${podUid}_${name}.json`;
  }
}

async function pathsIn(folder: string, prefix = ""): Promise<string[]> {
  const paths: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith(".json") && name.startsWith(prefix)) paths.push(`${folder}/${name}`);
    }
  } catch (error) {
    ignoreAbsent(error);
  }
  return paths;
}

async function readRecord(path: string): Promise<CsiRecord | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path)) as CsiRecord;
  } catch (error) {
    return ignoreAbsent(error);
  }
}

function ignoreAbsent(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
