/** The drivers of ResourceClaims that are registered on this node, and what they are asked to do. */
import { grpcCall } from "../../../../runtime/client/grpc.ts";
import type { Client } from "../../../../runtime/loop/mod.ts";
import type { PluginHandler } from "../../volumes/csi/plugin_registry.ts";
import type { PluginInfo } from "../../volumes/csi/protocol.ts";
import { type ClaimRef, prepare, type PreparedDevice, unprepare, type Version, versions } from "./protocol.ts";

const patienceMs = 45_000;
/** A driver that is updated comes back; until then its devices are not withdrawn. */
const returnMs = 30_000;

interface Driver {
  readonly socket: string;
  readonly version: Version;
}

export interface DraDriversOptions {
  readonly client: Pick<Client, "raw">;
  readonly nodeName: string;
  readonly after: (ms: number, run: () => void) => unknown;
  /** A driver is there that was not. */
  readonly onRegistered: () => void;
  readonly onError: (driver: string, error: unknown) => void;
}

export class DraDrivers implements PluginHandler {
  readonly #drivers = new Map<string, Driver>();

  constructor(readonly options: DraDriversOptions) {}

  register({ name, endpoint, supported_versions }: PluginInfo): Promise<void> {
    const version = versions.find((one) => supported_versions.includes(`${one}.DRAPlugin`));
    if (!version) {
      return Promise.reject(new Error(`none of the versions of ${name} is supported: ${supported_versions}`));
    }
    this.#drivers.set(name, { socket: endpoint, version });
    this.options.onRegistered();
    return Promise.resolve();
  }

  deregister({ name }: PluginInfo): Promise<void> {
    this.#drivers.delete(name);
    const { after, onError } = this.options;
    after(returnMs, () => {
      if (!this.#drivers.has(name)) this.#withdraw(name).catch((error) => onError(name, error));
    });
    return Promise.resolve();
  }

  /** Nobody is to be given what is not there. */
  async #withdraw(name: string): Promise<void> {
    const selector = encodeURIComponent(`spec.nodeName=${this.options.nodeName},spec.driver=${name}`);
    await this.options.client.raw("DELETE", `/apis/resource.k8s.io/v1/resourceslices?fieldSelector=${selector}`);
  }

  /** Throws when the driver is away or can't. */
  async prepare(name: string, claim: ClaimRef): Promise<readonly PreparedDevice[]> {
    const { socket, version } = this.#get(name);
    const message = prepare.request.encode({ claims: [claim] });
    const answer = await grpcCall({ socket, method: prepare.path(version), message }, patienceMs);
    const found = prepare.response.decode(answer).claims.find(({ key }) => key === claim.uid);
    if (!found) throw new Error(`NodePrepareResources left out the claim ${claim.name}`);
    if (found.value?.error) {
      throw new Error(`NodePrepareResources failed for the claim ${claim.name}: ${found.value.error}`);
    }
    return found.value?.devices ?? [];
  }

  /** Throws when the driver is away or can't: it has to be asked again. */
  async unprepare(name: string, claim: ClaimRef): Promise<void> {
    const { socket, version } = this.#get(name);
    const message = unprepare.request.encode({ claims: [claim] });
    const answer = await grpcCall({ socket, method: unprepare.path(version), message }, patienceMs);
    const found = unprepare.response.decode(answer).claims.find(({ key }) => key === claim.uid);
    const error = found ? found.value?.error : "left out";
    if (error) throw new Error(`NodeUnprepareResources failed for the claim ${claim.name}: ${error}`);
  }

  #get(name: string): Driver {
    const driver = this.#drivers.get(name);
    if (driver) return driver;
    throw new Error(`DRA driver ${name} is not registered on this node`);
  }
}
