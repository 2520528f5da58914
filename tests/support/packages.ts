/** Debian packages that tests need, installed on first use. */
import { runCommand } from "./run_command.ts";

let updated: Promise<unknown> | undefined;
let line: Promise<void> = Promise.resolve();

/** Does nothing for what is installed. Throws with apt's words for what can't be. */
export function ensurePackages(names: readonly string[]): Promise<void> {
  // One after the other: two callers in one process must not meet at dpkg's lock.
  const mine = line.catch(() => {}).then(() => installMissing(names));
  line = mine;
  return mine;
}

async function installMissing(names: readonly string[]): Promise<void> {
  const missing = [];
  for (const name of names) {
    if (!await isInstalled(name)) missing.push(name);
  }
  if (missing.length === 0) return;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await (updated ??= runCommand(["apt-get", "update", "-q"], { env }));
  const options = ["-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
  await runCommand(["apt-get", "install", ...options, ...missing], { env });
}

async function isInstalled(name: string): Promise<boolean> {
  const query = await runCommand(["dpkg-query", "-W", "-f", "${db:Status-Status}", name], { check: false });
  return query.code === 0 && query.stdout === "installed";
}
