/** `spec.ports[].nodePort` and `spec.healthCheckNodePort`: ports that every node opens for one Service. */
import { groupResourceOf, type KubeObject, StatusError, type Stored } from "../../schema/mod.ts";
import type { ResourceCache } from "../cache/mod.ts";
import { type Allocator, type Machinery, pathOf, type Reservation, type Reserving } from "../objects/machinery.ts";
import { pick, Pool } from "./pool.ts";
import { claimPort, dropPortClaim } from "./port_claims.ts";
import {
  invalidService,
  mayHaveNodePorts,
  type ServicePort,
  type ServiceSpec,
  specOf,
  wantsHealthCheckPort,
  wantsNodePorts,
} from "./service.ts";

/** Both ends belong to it. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export function nodePorts(services: ResourceCache, range: PortRange, random: () => number): Allocator {
  const pool = new Pool<number>(services, (object) => heldBy(specOf(object)));
  return {
    reserve({ resource, object, old, dryRun }: Reserving, m: Machinery): Promise<Reservation> | undefined {
      if (groupResourceOf(resource) !== "services" || !concerns(object) && !concerns(old)) return undefined;
      const held = new Set(heldBy(specOf(old)));
      return reserved(new Taking({ m, pool, range, random, held, dryRun, service: pathIn(object ?? old!) }), object);
    },
  };
}

function concerns(object: KubeObject | Stored | undefined): boolean {
  return mayHaveNodePorts(specOf(object));
}

function pathIn({ metadata }: KubeObject | Stored): string {
  return pathOf({ namespace: metadata!.namespace!, name: metadata!.name! });
}

async function reserved(taking: Taking, object: KubeObject | undefined): Promise<Reservation> {
  try {
    if (object) await taking.all(object);
  } catch (error) {
    await taking.giveBack();
    throw error;
  }
  const now = new Set(object ? heldBy(specOf(object)) : []);
  return { keep: () => taking.letGo(now), giveBack: () => taking.giveBack() };
}

function heldBy(spec: ServiceSpec): number[] {
  if (!mayHaveNodePorts(spec)) return [];
  const ports = (spec.ports ?? []).map(({ nodePort }) => nodePort);
  return [...new Set([...ports, spec.healthCheckNodePort])].filter((port): port is number => !!port);
}

interface Taken {
  readonly m: Machinery;
  readonly pool: Pool<number>;
  readonly range: PortRange;
  /** In [0, 1). */
  readonly random: () => number;
  /** What the stored Service holds already. */
  readonly held: ReadonlySet<number>;
  readonly dryRun?: boolean;
  /** `namespace/name`. */
  readonly service: string;
}

/** The ports that one write takes. */
class Taking {
  readonly #taken = new Set<number>();

  constructor(private readonly of: Taken) {}

  async giveBack(): Promise<void> {
    if (this.of.dryRun) return;
    for (const port of this.#taken) {
      this.of.pool.giveBack(port);
      await this.#drop(port);
    }
  }

  /** What the Service no longer holds may be claimed by another at once. */
  async letGo(now: ReadonlySet<number>): Promise<void> {
    for (const port of this.of.held) if (!now.has(port)) await this.#drop(port);
  }

  async all(object: KubeObject): Promise<void> {
    const spec = specOf(object);
    const ports = mayHaveNodePorts(spec) ? spec.ports ?? [] : [];
    // Those that are asked for come first, so that a free choice does not take them.
    for (const [index, { nodePort, protocol }] of ports.entries()) {
      if (!nodePort) continue;
      const field = `spec.ports[${index}].nodePort`;
      if (ports.slice(0, index).some((other) => other.nodePort === nodePort && other.protocol === protocol)) {
        throw invalidService(object, field, nodePort, "provided port is already allocated");
      }
      await this.#wanted(object, nodePort, field);
    }
    if (wantsNodePorts(spec)) {
      for (const port of ports) port.nodePort ||= this.#shared(port, ports) ?? await this.#any();
    }
    if (!wantsHealthCheckPort(spec)) return;
    if (spec.healthCheckNodePort) await this.#wanted(object, spec.healthCheckNodePort, "spec.healthCheckNodePort");
    else spec.healthCheckNodePort = await this.#any();
  }

  /** Throws Invalid in upstream's words. */
  async #wanted(object: KubeObject, port: number, field: string): Promise<void> {
    const { held, pool, dryRun, range: { first, last } } = this.of;
    if (held.has(port) || this.#taken.has(port)) return;
    // Upstream, which takes nothing in a dry run, asks nobody either.
    if (dryRun) return void this.#taken.add(port);
    const refuse = (why: string) => invalidService(object, field, port, why);
    if (port < first || port > last) {
      throw refuse(`provided port is not in the valid range. The range of valid ports is ${first}-${last}`);
    }
    if (!pool.isFree(port) || !await this.#take(port)) throw refuse("provided port is already allocated");
  }

  /** TCP and UDP of one port number share their node port. */
  #shared({ port, protocol }: ServicePort, ports: readonly ServicePort[]): number | undefined {
    return ports.find((other) => other.port === port && other.protocol !== protocol && other.nodePort)?.nodePort;
  }

  async #any(): Promise<number> {
    const { pool, random, dryRun, range: { first, last } } = this.of;
    const count = last - first + 1;
    if (dryRun) return this.#unreal(last);
    // The lower ports are given last: people pick them by hand (KEP-3668).
    const byHand = Math.min(Math.max(16, Math.floor(count / 32)), 128, Math.floor(count / 2));
    const elsewhere = new Set<number>();
    const free = { isFree: (port: number) => pool.isFree(port) && !elsewhere.has(port) };
    const valueAt = (index: number) => first + index;
    for (;;) {
      const found = pick(free, { from: byHand, count: count - byHand, random, valueAt }) ??
        pick(free, { from: 0, count: byHand, random, valueAt });
      if (found === undefined) {
        throw new StatusError("InternalError", "Internal error occurred: failed to allocate a nodePort: range is full");
      }
      if (await this.#take(found)) return found;
      elsewhere.add(found);
    }
  }

  /** A port that shows that it is none: above the range. */
  #unreal(last: number): number {
    let port = last + 2;
    while (this.#taken.has(port)) port++;
    this.#taken.add(port);
    return port;
  }

  /** Taken here at once, so that no other write of this process asks for it meanwhile. */
  async #take(port: number): Promise<boolean> {
    const { m, pool, service } = this.of;
    pool.take(port);
    if (!await claimPort(m, port, service)) {
      pool.giveBack(port);
      return false;
    }
    this.#taken.add(port);
    return true;
  }

  /** The write is decided already, and claims end by themselves. */
  async #drop(port: number): Promise<void> {
    const { m, dryRun, service } = this.of;
    if (!dryRun) await dropPortClaim(m, port, service).catch(() => {});
  }
}
