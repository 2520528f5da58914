/**
 * Wires sandboxes into the pod network and takes them out again. What was done is written down per sandbox before and after
 * it is done, so that an agent that died in the middle, or a configuration that changed since, can still be undone.
 */
import type { Json } from "../../../runtime/schema/mod.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import {
  addNetwork,
  addressesOf,
  type Attachment,
  deleteNetwork,
  type NetworkList,
  type PortMapping,
  type RunPlugin,
} from "./cni.ts";
import { readNetworkConfig } from "./network_config.ts";

interface Record {
  readonly list: NetworkList;
  readonly attachment: Attachment;
  /** Absent: ADD was begun and may not have ended. */
  readonly result?: { [field: string]: Json };
}

export interface PodNetworkOptions {
  /** Where records are kept. */
  readonly stateDir: string;
  readonly confDir: string;
  readonly run: RunPlugin;
}

const unfinished = ".new";

const loopback: NetworkList = { cniVersion: "0.4.0", name: "cni-loopback", plugins: [{ type: "loopback" }] };

export class PodNetwork {
  readonly #known = new Map<string, readonly string[]>();

  constructor(readonly options: PodNetworkOptions) {}

  /** The addresses of a wired sandbox. */
  async addresses(sandboxId: string): Promise<readonly string[] | undefined> {
    const known = this.#known.get(sandboxId);
    if (known) return known;
    const record = await this.#read(sandboxId);
    if (!record?.result) return undefined;
    const addresses = addressesOf(record.result);
    this.#known.set(sandboxId, addresses);
    return addresses;
  }

  /** Connects the network namespace of a running sandbox; returns the pod's addresses, the first one its `podIP`. */
  async connect(pod: Pod, sandbox: { readonly id: string; readonly pid: number }): Promise<readonly string[]> {
    const list = await readNetworkConfig(this.options.confDir);
    if (!list) throw new Error("cni plugin not initialized");
    const attachment = attachmentOf(pod, sandbox);
    if (await this.#read(sandbox.id)) await this.disconnect(sandbox.id);
    await this.#write({ list, attachment });
    const [, result] = await Promise.all([
      addNetwork(this.options.run, loopback, { ...attachment, interfaceName: "lo" }),
      addNetwork(this.options.run, list, attachment),
    ]);
    await this.#write({ list, attachment, result });
    const addresses = addressesOf(result);
    this.#known.set(sandbox.id, addresses);
    return addresses;
  }

  /** Gives the addresses back. Does nothing for a sandbox that was never connected. */
  async disconnect(sandboxId: string): Promise<void> {
    const record = await this.#read(sandboxId);
    if (record) await this.#undo(record);
    this.#known.delete(sandboxId);
    for (const end of ["", unfinished]) await Deno.remove(this.#path(sandboxId) + end).catch(() => {});
  }

  async #undo({ list, attachment, result }: Record): Promise<void> {
    const present = await Deno.stat(attachment.netns).then(() => true, () => false);
    const netns = present ? attachment.netns : "";
    await deleteNetwork(this.options.run, list, { attachment: { ...attachment, netns }, result });
  }

  /** Sandboxes that were wired, or nearly, and may be gone since. */
  async recorded(): Promise<string[]> {
    try {
      const files = await Array.fromAsync(Deno.readDir(this.options.stateDir));
      return [...new Set(files.map(({ name }) => name.replace(unfinished, "").replace(/\.json$/, "")))];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  #path(sandboxId: string): string {
    return `${this.options.stateDir}/${sandboxId}.json`;
  }

  async #read(sandboxId: string): Promise<Record | undefined> {
    try {
      return JSON.parse(await Deno.readTextFile(this.#path(sandboxId)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async #write(record: Record): Promise<void> {
    await Deno.mkdir(this.options.stateDir, { recursive: true, mode: 0o700 });
    const path = this.#path(record.attachment.containerId);
    await Deno.writeTextFile(`${path}${unfinished}`, JSON.stringify(record), { mode: 0o600 });
    await Deno.rename(`${path}${unfinished}`, path);
  }
}

function attachmentOf(pod: Pod, { id, pid }: { id: string; pid: number }): Attachment {
  const { name, namespace, uid } = pod.metadata;
  return {
    containerId: id,
    netns: `/proc/${pid}/ns/net`,
    interfaceName: "eth0",
    args: [
      "IgnoreUnknown=1",
      `K8S_POD_NAMESPACE=${namespace}`,
      `K8S_POD_NAME=${name}`,
      `K8S_POD_INFRA_CONTAINER_ID=${id}`,
      `K8S_POD_UID=${uid}`,
    ].join(";"),
    portMappings: portMappings(pod),
  };
}

export function portMappings(pod: Pod): PortMapping[] {
  const ports = specOf(pod).containers.flatMap((container) => container.ports ?? []);
  return ports.flatMap(({ hostPort, containerPort, protocol = "TCP", hostIP }) =>
    hostPort ? [{ hostPort, containerPort, protocol: protocol.toLowerCase() as PortMapping["protocol"], hostIP }] : []
  );
}
