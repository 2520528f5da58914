/**
 * Kernel switches of the network: set, with their former values kept in a file so that `down` can put them back.
 *
 * Laws: the file holds what was there before d8s changed it, whatever d8s does later; a value that is right already is not
 * written and not kept.
 */
import { type Run, runChecked } from "./command.ts";

/** Path below `/proc/sys` to value. */
export type Sysctls = Readonly<Record<string, string>>;

const path = (name: string) => `/proc/sys/${name}`;

/** Returns the names that this kernel doesn't have. */
export async function setSysctls(wanted: Sysctls, { keptIn, run }: { keptIn: string; run: Run }): Promise<string[]> {
  const former: Record<string, string> = await readKept(keptIn);
  const changes: [string, string][] = [];
  const missing: string[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const { code, stdout } = await run(["cat", path(name)]);
    const present = stdout.trim();
    if (code !== 0) missing.push(name);
    else if (present !== value) {
      former[name] ??= present;
      changes.push([name, value]);
    }
  }
  // Kept first: a crash in between must not lose what was there.
  if (changes.length > 0) await writeKept(keptIn, former);
  for (const [name, value] of changes) await runChecked(run, ["tee", path(name)], value);
  return missing;
}

/** Puts back what the file says, and removes it. A switch that the kernel no longer has is left out. */
export async function restoreSysctls({ keptIn, run }: { keptIn: string; run: Run }): Promise<void> {
  for (const [name, value] of Object.entries(await readKept(keptIn))) await run(["tee", path(name)], value);
  await Deno.remove(keptIn).catch(ifMissing);
}

async function readKept(file: string): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(file).catch(ifMissing);
  return text === undefined ? {} : JSON.parse(text);
}

async function writeKept(file: string, former: Sysctls): Promise<void> {
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${file}.new`, JSON.stringify(former, null, 2) + "\n", { mode: 0o600 });
  await Deno.rename(`${file}.new`, file);
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
