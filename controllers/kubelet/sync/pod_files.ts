/** Small files of a pod beside its volumes: who it is, its hosts and resolver, and where containers leave their last words. */
import { hostNetworkHostsFile, hostsFile, resolvConf } from "../network/name_files.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import type { Agent } from "./agent.ts";

/** What an agent that comes after this one knows the pod's folder by, and all else that the pod has on this node. */
export async function writeIdentity(agent: Agent, { metadata: { name, namespace, uid } }: Pod): Promise<void> {
  const dir = agent.volumes.podDir(uid);
  await Deno.mkdir(dir, { recursive: true, mode: 0o750 });
  await writeIfChanged(`${dir}/pod.json`, JSON.stringify({ name, namespace }));
}

/** Written in place, because running containers hold the files themselves. */
export async function writeNameFiles(agent: Agent, pod: Pod, podIps: readonly string[]): Promise<void> {
  const { clusterDNS: clusterDns = [], clusterDomain, resolvConf: hostFile } = agent.configuration;
  const dir = agent.volumes.podDir(pod.metadata.uid);
  const hostResolvConf = hostFile ? await readOrEmpty(hostFile) : "";
  const hosts = specOf(pod).hostNetwork
    ? hostNetworkHostsFile(pod, await readOrEmpty("/etc/hosts"))
    : hostsFile(pod, podIps, clusterDomain);
  await Promise.all([
    writeIfChanged(`${dir}/resolv.conf`, resolvConf(pod, { clusterDns, clusterDomain, hostResolvConf })),
    writeIfChanged(`${dir}/etc-hosts`, hosts),
  ]);
}

/** A fresh file that the container's user, whoever it is, may write. */
export async function writeMessageFile(podDir: string, container: string, attempt: number): Promise<string> {
  const dir = `${podDir}/containers/${container}`;
  await Deno.mkdir(dir, { recursive: true, mode: 0o750 });
  const path = `${dir}/message-${attempt}`;
  await Deno.writeTextFile(path, "");
  await Deno.chmod(path, 0o666);
  return path;
}

async function writeIfChanged(path: string, text: string): Promise<void> {
  if (await readOrEmpty(path) === text && text !== "") return;
  await Deno.writeTextFile(path, text, { mode: 0o644 });
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
