/**
 * What the node runs short of is taken back: images that nobody uses, then pods, one at a time, the next when the last has
 * gone; and from pods that have more of the disk than they may.
 */
import { msOf } from "../configuration/mod.ts";
import { thresholdsOf } from "../configuration/thresholds.ts";
import { ImageCollector } from "../images/image_gc.ts";
import { defaults } from "../options.ts";
import type { Agent } from "../sync/agent.ts";
import { evictFor, evictOverfull } from "./evict.ts";
import { type Crossing, EvictionWatch, type Pressure } from "./eviction_watch.ts";
import { type Observation, observeMachine } from "./signals.ts";

/** Who doesn't go in time is not waited for. */
const goingMs = 30_000;

export class RoomMaker {
  readonly #watch: EvictionWatch;
  #images?: ImageCollector;
  #going?: { readonly uid: string; readonly until: number };
  #running?: Promise<void>;

  constructor(readonly agent: Agent) {
    const { configuration } = agent;
    this.#watch = new EvictionWatch(thresholdsOf(configuration), msOf(configuration.evictionPressureTransitionPeriod));
  }

  /** As the last look found it. */
  get pressure(): Pressure {
    return this.#watch.pressure(this.agent.context.clock.now());
  }

  /** One at a time: who comes meanwhile gets the one that is under way. */
  make(): Promise<void> {
    this.#running ??= this.#make().finally(() => this.#running = undefined);
    return this.#running;
  }

  async #make(): Promise<void> {
    const { agent } = this;
    if (agent.engineProblem !== undefined) return;
    const images = this.#images ??= new ImageCollector(await this.#imagesFolder(), agent.configuration);
    await images.collect(agent);
    const [due] = await this.#look(images);
    if (due && !this.#isGoing()) await this.#relieve(images, due);
    await evictOverfull(agent);
  }

  async #imagesFolder(): Promise<string> {
    return (await this.agent.engine.info()).rootDir || "/";
  }

  async #look({ folder }: ImageCollector): Promise<readonly Crossing[]> {
    const { machine, context, options } = this.agent;
    const folders = { node: options.rootDir ?? defaults.rootDir, images: folder };
    const observations: Observation[] = this.#watch.thresholds.length === 0
      ? []
      : await observeMachine(folders, machine.memoryBytes);
    return this.#watch.look(observations, context.clock.now());
  }

  async #relieve(images: ImageCollector, due: Crossing): Promise<void> {
    const { agent } = this;
    agent.context.log.warn("the node runs short", { ...due.observation });
    const isDisk = !["memory.available", "pid.available"].includes(due.threshold.signal);
    const still = isDisk && await images.removeUnused(agent) ? (await this.#look(images))[0] : due;
    const pod = still && await evictFor(agent, still);
    if (pod) this.#going = { uid: pod.metadata.uid, until: agent.context.clock.now() + goingMs };
  }

  #isGoing(): boolean {
    if (!this.#going || this.agent.context.clock.now() >= this.#going.until) return false;
    return this.agent.mirror.of(this.#going.uid).some(({ state }) => state.status === "running");
  }
}
