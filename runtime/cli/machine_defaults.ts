/** Asks this machine for its name, its address and its folders. */
import type { MachineDefaults } from "./settings.ts";

const pluginFolders = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/** Where the distribution's package will put them. */
function packagedPlugins(): string {
  return exists("/usr/bin/apt-get") ? "/usr/lib/cni" : "/usr/libexec/cni";
}

export function machineDefaults(): MachineDefaults {
  return {
    hostname: Deno.hostname(),
    ip: mainAddress(),
    home: Deno.env.get("HOME") ?? "/root",
    environment: { KUBECONFIG: Deno.env.get("KUBECONFIG"), DOCKER_HOST: Deno.env.get("DOCKER_HOST") },
    cniBinDirs: [...pluginFolders.filter((dir) => exists(`${dir}/host-local`)), packagedPlugins()],
  };
}

/** The IPv4 of the interface with the default route, else of any that is up, else loopback. */
function mainAddress(): string {
  const routes = exists("/proc/net/route") ? Deno.readTextFileSync("/proc/net/route") : "";
  const leading = routes.split("\n").map((line) => line.split("\t")).find(([, destination]) =>
    destination === "00000000"
  );
  const addresses = Deno.networkInterfaces().filter(({ family, address }) =>
    family === "IPv4" && address !== "127.0.0.1"
  );
  const main = addresses.find(({ name }) => name === leading?.[0]) ?? addresses[0];
  return main?.address ?? "127.0.0.1";
}

/**
 * Addresses by which others reach this machine: not those that hold on one link only, nor those of bridges for containers,
 * which come and go with what runs here.
 */
export function reachableAddresses(bridge: string): string[] {
  return Deno.networkInterfaces().filter(({ name }) => name !== bridge && !/^(docker|br-|veth|cni)/.test(name))
    .map(({ address }) => address.split("%")[0]!).filter((ip) => !/^fe80:/i.test(ip));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
