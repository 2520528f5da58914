/** Who listens on a TCP port of this machine. */

/** `nginx (process 812)`, or `undefined` when the port can be bound. */
export function portHolder(port: number, hostname: string): string | undefined {
  try {
    Deno.listen({ port, hostname, transport: "tcp" }).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return processOf(inodeOf(port));
  }
}

/** proc_net_tcp(5): local address is `HEX:PORT`, state 0A listens, the tenth column is the socket's inode. */
function inodeOf(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readLines(file)) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(suffix) && columns[3] === "0A") return columns[9];
    }
  }
  return undefined;
}

function processOf(inode: string | undefined): string {
  for (const { name: pid } of inode ? Deno.readDirSync("/proc") : []) {
    if (!/^\d+$/.test(pid) || !holds(pid, `socket:[${inode}]`)) continue;
    return `${readLines(`/proc/${pid}/comm`)[0]} (process ${pid})`;
  }
  return "another program";
}

function holds(pid: string, socket: string): boolean {
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      if (Deno.readLinkSync(`/proc/${pid}/fd/${name}`) === socket) return true;
    }
  } catch {
    // The process has ended, or is not ours to look into.
  }
  return false;
}

function readLines(file: string): string[] {
  try {
    return Deno.readTextFileSync(file).split("\n");
  } catch {
    return [];
  }
}
