/**
 * Who gets beyond a container's memory takes all of its processes along, for half a program is worse than none. The kernel does
 * it in control groups of version 2; docker has no word for it, so that it is said once the container runs.
 *
 * Source: KubeletConfiguration, `singleProcessOOMKill`; the kernel's cgroup-v2 document, memory.oom.group.
 */
import { cgroupOf } from "../node/cgroup.ts";

/** `pid`: of the container's first process. Does nothing for what has ended, nor where nobody may write control groups. */
export async function endTogether(pid: number): Promise<void> {
  const group = await cgroupOf(pid);
  if (group?.version !== 2) return;
  await Deno.writeTextFile(`/sys/fs/cgroup${group.path}/memory.oom.group`, "1", { create: false }).catch(() => {});
}
