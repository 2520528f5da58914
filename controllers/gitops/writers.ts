/**
 * Which files some process on this machine holds open for writing: a file that is still being written is not whole, however
 * long its writer rests. Linux only; elsewhere, and for processes that may not be looked at, nothing is known.
 */

/** Absolute paths below `root`. */
export async function openForWriting(root: string): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const pid of await names("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of await names(`/proc/${pid}/fd`)) {
      const path = await target(`/proc/${pid}/fd/${descriptor}`);
      if (path?.startsWith(`${root}/`) && await writes(`/proc/${pid}/fdinfo/${descriptor}`)) paths.add(path);
    }
  }
  return paths;
}

/** A process may end while it is looked at: then it writes nothing. */
async function names(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

async function target(link: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(link);
  } catch {
    return undefined;
  }
}

/** The two lowest bits of the open flags (octal in fdinfo): 1 write only, 2 read and write. */
async function writes(fdinfo: string): Promise<boolean> {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(await Deno.readTextFile(fdinfo))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & 3) !== 0;
  } catch {
    return false;
  }
}
