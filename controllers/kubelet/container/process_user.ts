/** Who a process is: `Uid`, `Gid` and `Groups` of /proc/PID/status, the effective ones. */
import type { ProcessUser } from "../pod/container_status.ts";

/** `undefined` when the process is gone. */
export async function processUser(pid: number): Promise<ProcessUser | undefined> {
  if (pid === 0) return undefined;
  const text = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => undefined);
  return text === undefined ? undefined : parseProcessUser(text);
}

export function parseProcessUser(status: string): ProcessUser {
  const numbers = (name: string) => {
    const line = new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1] ?? "";
    return line.split(/\s+/).filter(Boolean).map(Number);
  };
  const groups = numbers("Groups");
  return {
    uid: numbers("Uid")[1] ?? 0,
    gid: numbers("Gid")[1] ?? 0,
    ...(groups.length > 0 && { supplementalGroups: groups }),
  };
}
