/**
 * What docker runs for pods, kept up by its event stream: the informer of the container world. It remembers nothing that
 * docker doesn't say, and is filled anew whenever the stream breaks.
 */
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Clock } from "../../../runtime/loop/mod.ts";
import type { Key } from "../../../runtime/schema/mod.ts";
import { observe, type Observed, uidLabel } from "./identity.ts";

/** Events that change what a container's status says. */
const telling = new Set(["create", "start", "die", "oom", "destroy", "rename", "update", "kill", "pause", "unpause"]);

export interface MirrorOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A pod whose containers changed. */
  readonly onChange: (key: Key) => void;
  /** A sandbox that somebody removed while docker was watched. */
  readonly onSandboxGone: (id: string) => void;
  /** The engine was lost (with the reason) or found again. */
  readonly onHealth: (problem: string | undefined) => void;
}

export class ContainerMirror {
  readonly #pods = new Map<string, Map<string, Observed>>();

  constructor(readonly engine: Engine) {}

  /** Containers of one pod, sandboxes included, oldest attempt first. */
  of(podUid: string): readonly Observed[] {
    return [...this.#pods.get(podUid)?.values() ?? []].sort((a, b) => a.attempt - b.attempt);
  }

  all(): readonly Observed[] {
    return [...this.#pods.values()].flatMap((containers) => [...containers.values()]);
  }

  /** Pods of this name that have containers: more than one when a name was used again. */
  uidsOf(key: Key): readonly string[] {
    return [...this.#pods].filter(([, containers]) =>
      [...containers.values()].some((one) => keyOfObserved(one) === key)
    )
      .map(([uid]) => uid);
  }

  keys(): readonly Key[] {
    return [...new Set(this.all().map(keyOfObserved))];
  }

  /** Looks at one container now. */
  async refresh(id: string): Promise<Observed | undefined> {
    const state = await this.engine.inspect(id);
    const observed = state && observe(state);
    if (observed) this.#put(observed);
    else this.forget(id);
    return observed;
  }

  forget(id: string): void {
    for (const [uid, containers] of this.#pods) {
      if (containers.delete(id) && containers.size === 0) this.#pods.delete(uid);
    }
  }

  /** Follows docker until the signal aborts; a broken stream is opened again after a second, then every five. */
  async follow(options: MirrorOptions): Promise<void> {
    for (let tries = 0; !options.signal.aborted; tries++) {
      try {
        await this.#followOnce(options, () => tries = 0);
      } catch (error) {
        if (options.signal.aborted) return;
        options.onHealth(error instanceof Error ? error.message : String(error));
      }
      await pause(options, tries === 0 ? 1000 : 5000);
    }
  }

  /** The stream is opened before the list, so that nothing falls between the two. */
  async #followOnce(options: MirrorOptions, begun: () => void): Promise<void> {
    const { engine, signal, onChange, onHealth } = options;
    const events = engine.events(uidLabel, signal)[Symbol.asyncIterator]();
    const first = events.next();
    first.catch(() => {});
    await this.#relist(onChange);
    onHealth(undefined);
    begun();
    for (let next = await first; !next.done; next = await events.next()) {
      if (telling.has(next.value.action)) await this.#changed(next.value.id, options);
    }
  }

  async #changed(id: string, { onChange, onSandboxGone }: MirrorOptions): Promise<void> {
    const before = this.#find(id);
    const after = await this.refresh(id);
    if (before?.isSandbox && !after) onSandboxGone(id);
    const subject = after ?? before;
    if (subject && JSON.stringify(before?.state) !== JSON.stringify(after?.state)) onChange(keyOfObserved(subject));
  }

  async #relist(onChange: (key: Key) => void): Promise<void> {
    const states = await this.engine.list(uidLabel);
    const before = this.keys();
    this.#pods.clear();
    for (const observed of states.map(observe)) if (observed) this.#put(observed);
    for (const key of new Set([...before, ...this.keys()])) onChange(key);
  }

  #put(observed: Observed): void {
    const containers = this.#pods.get(observed.podUid) ?? new Map<string, Observed>();
    this.#pods.set(observed.podUid, containers.set(observed.state.id, observed));
  }

  #find(id: string): Observed | undefined {
    for (const containers of this.#pods.values()) {
      const found = containers.get(id);
      if (found) return found;
    }
  }
}

function keyOfObserved({ podNamespace, podName }: Observed): Key {
  return `${podNamespace}/${podName}`;
}

function pause({ clock, signal }: MirrorOptions, ms: number): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.after(ms, resolve);
    signal.addEventListener("abort", () => (timer[Symbol.dispose](), resolve()), { once: true });
  });
}
