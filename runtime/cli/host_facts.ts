/** Gathers what `host_checks` judges. Each question is cheap; all together take some milliseconds. */
import type { DockerFacts, HostFacts, KernelFacts, PortFact, SystemFacts } from "./host_checks.ts";
import { portHolder } from "./port_holder.ts";
import type { Settings } from "./settings.ts";

const programs = ["dockerd", "iptables", "iptables-restore", "ipset", "conntrack", "ip", "dnf", "yum", "apt-get"];
const plugins = ["bridge", "host-local", "portmap", "loopback"];
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export async function gatherFacts(settings: Settings, ports: readonly Omit<PortFact, "heldBy">[]): Promise<HostFacts> {
  const dataDir = { path: settings.dataDir, freeBytes: await freeBytes(settings.dataDir) };
  const found = await Promise.all(programs.map(async (name) => [name, await whereIs(name)] as const));
  const located = Object.fromEntries(found);
  const [docker, kernel, system] = await Promise.all([
    askDocker(settings.dockerHost),
    kernelFacts(located.iptables),
    systemFacts(),
  ]);
  const held = ports.map((fact) => ({ ...fact, heldBy: portHolder(fact.port, settings.bindAddress) }));
  const missing = [];
  for (const plugin of plugins) if (!await isThere(`${settings.cniBinDir}/${plugin}`)) missing.push(plugin);
  return {
    root: Deno.uid() === 0,
    system,
    ports: held,
    dataDir,
    programs: located,
    cni: { dir: settings.cniBinDir, missing },
    docker,
    kernel,
    nowMs: Date.now(),
  };
}

async function whereIs(program: string): Promise<string | undefined> {
  for (const folder of [...(Deno.env.get("PATH") ?? "").split(":"), ...path.split(":")].filter(Boolean)) {
    if (await isThere(`${folder}/${program}`)) return `${folder}/${program}`;
  }
  return undefined;
}

async function isThere(file: string): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

/** Of the file system that holds the folder, or will. */
async function freeBytes(folder: string): Promise<number> {
  let place = folder;
  while (place !== "/" && !await isThere(place)) place = place.replace(/\/[^/]*$/, "") || "/";
  const { statfs } = await import("node:fs/promises");
  const { bavail, bsize } = await statfs(place);
  return bavail * bsize;
}

/** `GET /_ping` over the socket; docker answers `OK`. */
export async function askDocker(host: string): Promise<DockerFacts> {
  try {
    using connection = await connectDocker(host);
    await connection.write(new TextEncoder().encode("GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"));
    const answer = new Uint8Array(64);
    const read = await connection.read(answer);
    const line = new TextDecoder().decode(answer.subarray(0, read ?? 0)).split("\r\n")[0] ?? "";
    return / 200 /.test(line) ? { host, reachable: true } : { host, reachable: false, error: `it answers "${line}"` };
  } catch (error) {
    return { host, reachable: false, error: (error as Error).message };
  }
}

function connectDocker(host: string): Promise<Deno.Conn> {
  if (host.startsWith("unix://")) return Deno.connect({ transport: "unix", path: host.slice("unix://".length) });
  const { hostname, port } = new URL(host.replace(/^tcp:/, "http:"));
  return Deno.connect({ hostname, port: Number(port || 2375) });
}

async function kernelFacts(iptables: string | undefined): Promise<KernelFacts> {
  const read = (file: string) => Deno.readTextFile(file).catch(() => "");
  const cgroups = (await read("/proc/cgroups")).split("\n").map((line) => line.split("\t"))
    .filter(([, , , enabled]) => enabled === "1").map(([name = ""]) => name);
  return {
    release: Deno.osRelease(),
    cgroups: cgroups.length > 0 ? cgroups : (await read("/sys/fs/cgroup/cgroup.controllers")).trim().split(" "),
    overlayfs: (await read("/proc/filesystems")).includes("overlay") || await isLoadable("overlay"),
    bridgeNetfilter: await isThere("/proc/sys/net/bridge/bridge-nf-call-iptables") || await isLoadable("br_netfilter"),
    ipForward: (await read("/proc/sys/net/ipv4/ip_forward")).trim() === "1",
    iptablesError: iptables && await iptablesError(iptables),
  };
}

/** A module of the kernel that is loaded once it is needed: overlayfs by docker, others by the service proxy. */
async function isLoadable(module: string): Promise<boolean> {
  const modprobe = await whereIs("modprobe");
  if (!modprobe) return false;
  return (await new Deno.Command(modprobe, { args: ["--dry-run", "--quiet", module] }).output()).success;
}

async function iptablesError(iptables: string): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(iptables, { args: ["-w", "-t", "nat", "-S"], stdout: "null" })
    .output();
  return success ? undefined : new TextDecoder().decode(stderr).trim().split("\n").at(-1);
}

async function systemFacts(): Promise<SystemFacts> {
  const text = await Deno.readTextFile("/etc/os-release").catch(() => "");
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  const comm = await Deno.readTextFile("/proc/1/comm").catch(() => "");
  return {
    ids: [field("ID"), ...field("ID_LIKE").split(" ")].filter(Boolean),
    name: field("PRETTY_NAME") || "an unknown system",
    systemd: comm.trim() === "systemd" && await isThere("/run/systemd/system"),
  };
}
