/** A pod without a container: a network namespace that the node's CNI configuration has wired, as a kubelet would. */
import type { TestHost } from "../support/host.ts";
import { namespaceOf } from "./traffic.ts";

interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly { readonly type: string }[];
}

/** Runs the first plugin of the chain. Returns the pod's address. */
export async function addCniPod(host: TestHost, { confDir, name }: { confDir: string; name: string }): Promise<string> {
  const list: Conflist = JSON.parse(await Deno.readTextFile(`${confDir}/10-d8s.conflist`));
  await host.run(["ip", "netns", "add", name]);
  const env = {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: name,
    CNI_NETNS: `/run/netns/${name}`,
    CNI_IFNAME: "eth0",
    CNI_PATH: "/usr/lib/cni:/opt/cni/bin",
  };
  const [first] = list.plugins;
  const stdin = JSON.stringify({ cniVersion: list.cniVersion, name: list.name, ...first });
  const { stdout } = await host.run([`/usr/lib/cni/${first?.type}`], { env, stdin });
  const address: string = JSON.parse(stdout).ips[0].address.split("/")[0];
  await host.run(["sh", "-ec", `ln -s ${name} /run/netns/${namespaceOf(address)}; ip -n ${name} link set lo up`]);
  return address;
}
