/**
 * The Container Network Interface: the plugins that a configuration list names are run one after the other, each given the
 * result of the one before. Nothing of it is peculiar to one network: whoever writes the configuration decides.
 *
 * Source: CNI specification 1.0.0 (https://www.cni.dev/docs/spec/), sections 2 to 5; conventions for `portMappings`.
 */
import type { Json } from "../../../runtime/schema/mod.ts";

type JsonObject = { [field: string]: Json };

/** A configuration list, as a file in `/etc/cni/net.d` holds it. */
export interface NetworkList {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly JsonObject[];
}

export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly hostIP?: string;
}

/** One attachment of one sandbox. */
export interface Attachment {
  readonly containerId: string;
  /** Path of the network namespace; empty when it is gone. */
  readonly netns: string;
  readonly interfaceName: string;
  /** `K8S_POD_NAME=...;...` */
  readonly args: string;
  readonly portMappings: readonly PortMapping[];
}

/** Runs one plugin; returns what it printed. Throws a `CniError` when it says no. */
export type RunPlugin = (plugin: string, env: Record<string, string>, input: string) => Promise<string>;

export class CniError extends Error {
  override readonly name = "CniError";
}

/** The last plugin's result: addresses, interfaces, routes. */
export async function addNetwork(run: RunPlugin, list: NetworkList, attachment: Attachment): Promise<JsonObject> {
  let result: JsonObject = {};
  for (const [index, plugin] of list.plugins.entries()) {
    const config = pluginConfig(list, plugin, { attachment, previous: index > 0 ? result : undefined });
    const output = await run(typeOf(plugin), environmentOf("ADD", attachment), JSON.stringify(config));
    result = JSON.parse(output) as JsonObject;
  }
  return result;
}

/** In reverse, with the result of ADD. Undoing what was never done succeeds, so it may be repeated. */
export async function deleteNetwork(
  run: RunPlugin,
  list: NetworkList,
  { attachment, result }: { attachment: Attachment; result?: JsonObject },
): Promise<void> {
  for (const plugin of list.plugins.toReversed()) {
    const config = pluginConfig(list, plugin, { attachment, previous: result });
    await run(typeOf(plugin), environmentOf("DEL", attachment), JSON.stringify(config));
  }
}

function typeOf({ type }: JsonObject): string {
  // A plugin's type is a file name: a path would leave the plugins' folder.
  if (typeof type !== "string" || !/^[\w.-]+$/.test(type)) {
    throw new CniError(`invalid plugin type ${JSON.stringify(type)}`);
  }
  return type;
}

function pluginConfig(
  { cniVersion, name }: NetworkList,
  plugin: JsonObject,
  { attachment, previous }: { attachment: Attachment; previous?: JsonObject },
): JsonObject {
  const { capabilities, ...config } = plugin;
  const wantsPorts = (capabilities as JsonObject | undefined)?.portMappings === true;
  return {
    ...config,
    cniVersion,
    name,
    ...(wantsPorts && { runtimeConfig: { portMappings: attachment.portMappings as unknown as Json } }),
    ...(previous && { prevResult: previous }),
  };
}

function environmentOf(command: "ADD" | "DEL", attachment: Attachment): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: attachment.containerId,
    CNI_NETNS: attachment.netns,
    CNI_IFNAME: attachment.interfaceName,
    CNI_ARGS: attachment.args,
  };
}

/** `10.244.1.7/24` of each address of the pod, without the prefix length. */
export function addressesOf(result: JsonObject): string[] {
  const ips = (result.ips ?? []) as { address: string }[];
  return ips.map(({ address }) => address.split("/")[0]!);
}
