/** `spec.clusterIPs`: an address of each of its families for every Service that is not headless. */
import {
  groupResourceOf,
  type IpFamily,
  ipText,
  type KubeObject,
  readIp,
  StatusError,
  type Stored,
} from "../../schema/mod.ts";
import type { Allocator, Machinery, Reservation, Reserving } from "../objects/machinery.ts";
import { addressesOf, claim, giveUp, isClaimed, type ServiceName } from "./address_claims.ts";
import { invalidService, specOf, wantsClusterIp } from "./service.ts";
import { fillFamilies } from "./service_families.ts";
import { offsets, type ServiceRanges } from "./service_ranges.ts";

export interface ClusterIpOptions {
  readonly ranges: ServiceRanges;
  /** Of the cluster, the usual one first. */
  readonly families: readonly IpFamily[];
  /** In [0, 1). */
  readonly random: () => number;
}

export function clusterIps(options: ClusterIpOptions): Allocator {
  return {
    reserve({ resource, object, old, dryRun }: Reserving, m: Machinery): Promise<Reservation> | undefined {
      if (groupResourceOf(resource) !== "services") return undefined;
      const taking = new Taking(m, options, nameOf(object ?? old!), addressesOf(specOf(old)), dryRun ?? false);
      return taking.all(object);
    },
  };
}

function nameOf({ metadata }: KubeObject | Stored): ServiceName {
  return { namespace: metadata!.namespace!, name: metadata!.name! };
}

/** The addresses that one write takes and lets go of. */
class Taking {
  readonly #taken: string[] = [];

  constructor(
    private readonly m: Machinery,
    private readonly options: ClusterIpOptions,
    private readonly service: ServiceName,
    private readonly held: readonly string[],
    private readonly dryRun: boolean,
  ) {}

  /** `object` absent: the Service is going. */
  async all(object: KubeObject | undefined): Promise<Reservation> {
    try {
      if (object) await this.#fill(object);
    } catch (error) {
      await this.#giveUp(this.#taken);
      throw error;
    }
    const now = object ? addressesOf(specOf(object)) : [];
    return {
      keep: () => this.#giveUp(this.held.filter((address) => !now.includes(address))),
      giveBack: () => this.#giveUp(this.#taken),
    };
  }

  async #giveUp(addresses: readonly string[]): Promise<void> {
    if (this.dryRun) return;
    // The write is decided already: what cannot be given up now is left to the loop that repairs.
    for (const address of addresses) await giveUp(this.m, address, this.service).catch(() => {});
  }

  async #fill(object: KubeObject): Promise<void> {
    const spec = specOf(object);
    const [fault] = fillFamilies(spec, this.options.families);
    if (fault) throw invalidService(object, `spec.${fault[0]}`, fault[1], fault[2]);
    if (!wantsClusterIp(spec)) return;
    const wanted = spec.clusterIPs ?? [];
    const addresses: string[] = [];
    // Those that are asked for come first: they may not be there.
    for (const address of wanted) addresses.push(await this.#wanted(object, address));
    for (const family of (spec.ipFamilies ?? []).slice(wanted.length)) {
      addresses.push(await this.#free(family as IpFamily));
    }
    spec.clusterIPs = addresses;
    spec.clusterIP = addresses[0];
  }

  /** Throws Invalid in upstream's words. */
  async #wanted(object: KubeObject, text: string): Promise<string> {
    if (this.held.includes(text)) return text;
    const ip = readIp(text)!;
    const refuse = (why: string) =>
      invalidService(object, "spec.clusterIPs", [text], `failed to allocate IP ${text}: ${why}`);
    const { ranges } = this.options;
    if (!ranges.hold(ip)) {
      const valid = ranges.of(ip.family).map(({ cidr }) => cidr).join(", ");
      throw refuse(`the provided IP (${text}) is not in the valid range. The range of valid IPs is ${valid}`);
    }
    const address = ipText(ip);
    if (!await this.#take(address, ip.family)) throw refuse("provided IP is already allocated");
    return address;
  }

  async #free(family: IpFamily): Promise<string> {
    for (const range of this.options.ranges.of(family)) {
      for (const offset of offsets(range, this.options.random)) {
        const address = ipText({ family, number: range.first + offset });
        if (!isClaimed(this.m, address) && await this.#take(address, family)) return address;
      }
    }
    throw new StatusError(
      "InternalError",
      "Internal error occurred: failed to allocate a serviceIP: range is full",
    );
  }

  async #take(address: string, family: IpFamily): Promise<boolean> {
    if (this.dryRun) return !isClaimed(this.m, address);
    if (!await claim(this.m, address, family, this.service)) return false;
    this.#taken.push(address);
    return true;
  }
}
