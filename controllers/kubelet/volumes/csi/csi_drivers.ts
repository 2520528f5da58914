/** The CSI drivers that are registered on this node, and what the API server is told of them. */
import type { Client } from "../../../../runtime/loop/mod.ts";
import { MountError } from "../payload.ts";
import { forgetDriver, type NodeDriver, tellDriver } from "./csi_node.ts";
import { CsiDriver } from "./driver.ts";
import type { PluginHandler } from "./plugin_registry.ts";
import { csi, type PluginInfo } from "./protocol.ts";

export interface CsiDriversOptions {
  readonly client: Client;
  readonly nodeName: string;
  /** A driver is there that was not. */
  readonly onRegistered: () => void;
}

export class CsiDrivers implements PluginHandler {
  readonly #drivers = new Map<string, CsiDriver>();
  /** CSINode and Node are written by one at a time. */
  #writing: Promise<void> = Promise.resolve();

  constructor(readonly options: CsiDriversOptions) {}

  /** Throws a `MountError` while the driver is not there. */
  get(name: string): CsiDriver {
    const driver = this.#drivers.get(name);
    if (driver) return driver;
    throw new MountError(`driver name ${name} not found in the list of registered CSI drivers`);
  }

  async register({ name, endpoint, supported_versions }: PluginInfo): Promise<void> {
    if (!supported_versions.some((version) => /^v?1(\.|$)/.test(version))) {
      throw new MountError(`none of the CSI versions reported by this driver are supported: ${supported_versions}`);
    }
    const driver = await CsiDriver.open(name, endpoint);
    const { node_id, max_volumes_per_node, accessible_topology } = await driver.call(csi.getInfo, {});
    if (node_id === "") throw new MountError(`error from CSI NodeGetInfo() call: node_id is empty`);
    const topology = accessible_topology?.segments ?? {};
    await this.#write({ name, nodeId: node_id, topology, maxVolumes: max_volumes_per_node });
    this.#drivers.set(name, driver);
    this.options.onRegistered();
  }

  async deregister({ name }: PluginInfo): Promise<void> {
    this.#drivers.delete(name);
    const { client, nodeName } = this.options;
    await this.#next(() => forgetDriver(client, nodeName, name));
  }

  #write(driver: NodeDriver): Promise<void> {
    const { client, nodeName } = this.options;
    return this.#next(() => tellDriver(client, nodeName, driver));
  }

  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#writing.then(work);
    this.#writing = next.catch(() => {});
    return next;
  }
}
