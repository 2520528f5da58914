/**
 * Makes sure of an image before a container is made of it: present, pulled, or a reason in upstream's words. A pull goes on
 * beside the loop (it may take minutes); when it ends the pods that wait for it are due again.
 */
import {
  denoImage,
  type Engine,
  EngineError,
  ensureDenoImage,
  ensurePauseImage,
  type ImageInfo,
  pauseImage,
  type PullCredentials,
} from "../../../runtime/engine/mod.ts";
import type { Clock } from "../../../runtime/loop/mod.ts";
import type { Key } from "../../../runtime/schema/mod.ts";
import { refuseImageName } from "./image_name.ts";
import type { PulledRecords } from "./pulled_records.ts";
import { PullSlots } from "./pull_slots.ts";
import { type Failure, nextPullAt, type PullPolicy, pullPolicyOf, waitingFor } from "./pull_policy.ts";

/** What came out, told once to every pod that waits. */
export type PullReport = (type: "Normal" | "Warning", reason: string, message: string) => void;

export interface ImageRequest {
  readonly image: string;
  readonly policy: PullPolicy | undefined;
  readonly pod: Key;
  /** Tried in order; without any, nobody in particular asks. */
  readonly credentials?: readonly PullCredentials[];
  readonly report: PullReport;
}

export type ImageAnswer =
  | { readonly type: "present"; readonly image: ImageInfo }
  | { readonly type: "waiting"; readonly reason: string; readonly message?: string; readonly againMs?: number };

interface Pull {
  running: boolean;
  failure?: Failure;
  /** Pulled for these pods since they asked; `Always` is satisfied once an attempt. */
  readonly done: Set<Key>;
  readonly pods: Map<Key, PullReport>;
}

export interface ImagePullerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onChange: (pod: Key) => void;
  /** Pulls that may go on side by side. */
  readonly atOnce: number;
  /** For whom images are here. */
  readonly records: PulledRecords;
}

export class ImagePuller {
  readonly #pulls = new Map<string, Pull>();
  readonly #making = new Map<string, Promise<void>>();
  readonly #slots: PullSlots;
  #recovered?: Promise<void>;

  constructor(readonly options: ImagePullerOptions) {
    this.#slots = new PullSlots(options.atOnce);
  }

  async ensure(request: ImageRequest): Promise<ImageAnswer> {
    const { image, report, credentials = [] } = request;
    const refusal = refuseImageName(image);
    if (refusal) return invalid(request, refusal);
    await this.#recover();
    const own = ownImages[image];
    if (own) await this.#make(image, own);
    const policy = own ? "IfNotPresent" : pullPolicyOf(image, request.policy);
    const present = await this.options.engine.image(image);
    const pull = this.#pulls.get(pullId(request));
    if (present && policy === "Always" && pull?.done.delete(request.pod)) return { type: "present", image: present };
    const mayUse = present && (own || await this.options.records.mayUse(present, image, credentials));
    if (mayUse && policy !== "Always") {
      report("Normal", "Pulled", presentMessage(image));
      return { type: "present", image: present };
    }
    if (policy === "Never") return never(request, present);
    return this.#wait(request);
  }

  /** Before the first look: what an agent that died has left. */
  #recover(): Promise<void> {
    const { engine, records } = this.options;
    const recover = async () => await records.recover(await engine.images(), (reference) => engine.image(reference));
    const recovered = this.#recovered ??= recover();
    recovered.catch(() => this.#recovered = undefined);
    return recovered;
  }

  /** The images that the node makes itself are made when first asked for, once. */
  #make(image: string, make: (engine: Engine) => Promise<void>): Promise<void> {
    const making = this.#making.get(image) ?? make(this.options.engine);
    this.#making.set(image, making);
    making.catch(() => this.#making.delete(image));
    return making;
  }

  #wait(request: ImageRequest): ImageAnswer {
    const { image, pod, report, credentials = [] } = request;
    const pull: Pull = this.#pulls.get(pullId(request)) ?? { running: false, done: new Set(), pods: new Map() };
    this.#pulls.set(pullId(request), pull);
    const now = this.options.clock.now();
    const waiting = pull.failure && waitingFor(image, pull.failure, now);
    if (waiting) {
      if (waiting.reason === "ImagePullBackOff") report("Warning", "BackOff", waiting.message);
      return { type: "waiting", ...waiting };
    }
    pull.pods.set(pod, report);
    if (!pull.running) this.#pull(image, pull, credentials);
    else report("Normal", "Pulling", `Pulling image "${image}"`);
    return { type: "waiting", reason: "ContainerCreating" };
  }

  async #pull(image: string, pull: Pull, credentials: readonly PullCredentials[]): Promise<void> {
    const { engine, clock, signal, onChange, records } = this.options;
    const tell: PullReport = (...words) => pull.pods.forEach((report) => report(...words));
    pull.running = true;
    tell("Normal", "Pulling", `Pulling image "${image}"`);
    const began = clock.now();
    try {
      await records.intend(image);
      const credential = await this.#slots.use(() => pullAs(engine, image, { credentials, signal }));
      const pulled = await engine.image(image);
      await records.settle(image, pulled, { credential });
      const bytes = pulled?.sizeBytes ?? 0;
      const took = `${((clock.now() - began) / 1000).toFixed(3)}s`;
      tell(
        "Normal",
        "Pulled",
        `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${bytes} bytes.`,
      );
      pull.failure = undefined;
      for (const pod of pull.pods.keys()) pull.done.add(pod);
    } catch (error) {
      await records.settle(image, undefined);
      const message = error instanceof Error ? error.message : String(error);
      pull.failure = nextPullAt(pull.failure, message, clock.now());
      tell("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
      tell("Warning", "Failed", "Error: ErrImagePull");
    }
    pull.running = false;
    const pods = [...pull.pods.keys()];
    pull.pods.clear();
    for (const pod of pods) onChange(pod);
  }
}

const ownImages: Record<string, (engine: Engine) => Promise<void>> = {
  [pauseImage]: ensurePauseImage,
  [denoImage]: ensureDenoImage,
};

/** What one may not pull is no reason for another to wait. */
function pullId({ image, credentials = [] }: ImageRequest): string {
  return JSON.stringify([image, credentials]);
}

interface PullAs {
  readonly credentials: readonly PullCredentials[];
  readonly signal: AbortSignal;
}

/** Returns which of them the registry took; nothing when there are none. */
async function pullAs(
  engine: Engine,
  image: string,
  { credentials: [first, ...rest], signal }: PullAs,
): Promise<PullCredentials | undefined> {
  try {
    await engine.pull(image, { credentials: first, signal });
    return first;
  } catch (error) {
    if (rest.length === 0 || !(error instanceof EngineError)) throw error;
    return await pullAs(engine, image, { credentials: rest, signal });
  }
}

function presentMessage(image: string): string {
  return `Container image "${image}" already present on machine and can be accessed by the pod`;
}

const askAgainMs = 10_000;

function never({ image, report }: ImageRequest, present: ImageInfo | undefined): ImageAnswer {
  const message = present
    ? `Container image "${image}" is present with pull policy of Never but does not have the proper credentials`
    : `Container image "${image}" is not present with pull policy of Never`;
  const reason = "ErrImageNeverPull";
  report("Warning", reason, message);
  report("Warning", "Failed", `Error: ${reason}`);
  return { type: "waiting", reason, message, againMs: askAgainMs };
}

function invalid({ report }: ImageRequest, message: string): ImageAnswer {
  const reason = "InvalidImageName";
  report("Warning", "InspectFailed", message);
  report("Warning", "Failed", `Error: ${reason}`);
  return { type: "waiting", reason, message, againMs: askAgainMs };
}
