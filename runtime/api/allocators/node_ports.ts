/** `spec.ports[].nodePort` and `spec.healthCheckNodePort`: ports that every node opens for one Service. */
import { groupResourceOf, type KubeObject, type Resource, StatusError, type Stored } from "../../schema/mod.ts";
import type { ResourceCache } from "../cache/mod.ts";
import type { Allocator, Reservation } from "../objects/machinery.ts";
import { pick, Pool } from "./pool.ts";
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
    reserve(resource: Resource, object: KubeObject | undefined, old: Stored | undefined): Reservation | undefined {
      if (groupResourceOf(resource) !== "services" || !object) return undefined;
      const taking = new Taking(pool, range, random, new Set(heldBy(specOf(old))), object);
      try {
        taking.all();
      } catch (error) {
        taking.giveBack();
        throw error;
      }
      return taking;
    },
  };
}

function heldBy(spec: ServiceSpec): number[] {
  if (!mayHaveNodePorts(spec)) return [];
  const ports = (spec.ports ?? []).map(({ nodePort }) => nodePort);
  return [...new Set([...ports, spec.healthCheckNodePort])].filter((port): port is number => !!port);
}

/** The ports that one write takes. */
class Taking implements Reservation {
  readonly #taken = new Set<number>();

  constructor(
    private readonly pool: Pool<number>,
    private readonly range: PortRange,
    private readonly random: () => number,
    /** What the stored Service holds already. */
    private readonly held: ReadonlySet<number>,
    private readonly object: KubeObject,
  ) {}

  keep(): void {}

  giveBack(): void {
    for (const port of this.#taken) this.pool.giveBack(port);
  }

  all(): void {
    const spec = specOf(this.object);
    const ports = mayHaveNodePorts(spec) ? spec.ports ?? [] : [];
    // Those that are asked for come first, so that a free choice does not take them.
    ports.forEach((port, index) => {
      if (port.nodePort) this.#take(port.nodePort, `spec.ports[${index}].nodePort`);
    });
    if (wantsNodePorts(spec)) { for (const port of ports) port.nodePort ||= this.#shared(port, ports) ?? this.#any(); }
    if (!wantsHealthCheckPort(spec)) return;
    if (spec.healthCheckNodePort) this.#take(spec.healthCheckNodePort, "spec.healthCheckNodePort");
    else spec.healthCheckNodePort = this.#any();
  }

  /** Throws Invalid in upstream's words. */
  #take(port: number, field: string): void {
    if (this.held.has(port) || this.#taken.has(port)) return;
    const { first, last } = this.range;
    const refuse = (why: string) => invalidService(this.object, field, port, why);
    if (port < first || port > last) {
      throw refuse(`provided port is not in the valid range. The range of valid ports is ${first}-${last}`);
    }
    if (!this.pool.isFree(port)) throw refuse("provided port is already allocated");
    this.#note(port);
  }

  /** TCP and UDP of one port number share their node port. */
  #shared({ port, protocol }: ServicePort, ports: readonly ServicePort[]): number | undefined {
    return ports.find((other) => other.port === port && other.protocol !== protocol && other.nodePort)?.nodePort;
  }

  #any(): number {
    const { first, last } = this.range;
    const count = last - first + 1;
    // The lower ports are given last: people pick them by hand (KEP-3668).
    const byHand = Math.min(Math.max(16, Math.floor(count / 32)), 128, Math.floor(count / 2));
    const valueAt = (index: number) => first + index;
    const found = pick(this.pool, { from: byHand, count: count - byHand, random: this.random, valueAt }) ??
      pick(this.pool, { from: 0, count: byHand, random: this.random, valueAt });
    if (found === undefined) {
      throw new StatusError("InternalError", "Internal error occurred: failed to allocate a nodePort: range is full");
    }
    this.#note(found);
    return found;
  }

  #note(port: number): void {
    this.pool.take(port);
    this.#taken.add(port);
  }
}
