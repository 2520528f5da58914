/** One file brought into line: plan, rehearse, write down, apply, prune, report. */
import { type KubeObject, type Stored } from "../../runtime/schema/mod.ts";
import type { LoopContext } from "../../runtime/loop/mod.ts";
import { timestamp } from "../objects/conditions.ts";
import { applyDesired, prune, rehearse, type Trouble } from "./apply_objects.ts";
import { type Desired, type FilePlan, inventory, planFile, sayWhere } from "./file_plan.ts";
import {
  aboutRecord,
  dropRecord,
  type FilePlace,
  isConfirmed,
  withdrawConfirmation,
  writeRecord,
} from "./file_record.ts";
import type { FolderFile } from "./folder.ts";
import type { GitopsWorld } from "./gitops_world.ts";
import {
  confirmAnnotation,
  fileAnnotation,
  type FileError,
  type FileRecord,
  ManifestFile,
  type ManifestFileStatus,
  type ObjectRef,
} from "./manifest_file.ts";
import { needsConfirmation } from "./prune_guard.ts";

export type SyncResult = "settled" | "waiting";

/** Says where an object comes from; and with it even an object that names no field has one of ours. */
function marked(object: KubeObject, path: string): KubeObject {
  const own: unknown = object.metadata?.annotations ?? {};
  // Not what annotations are: the server shall see it as it is, and refuse it.
  if (typeof own !== "object" || Array.isArray(own)) return object;
  const annotations = { ...object.metadata?.annotations, [fileAnnotation]: path };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

type Apply = Extract<FilePlan, { do: "apply" }>;

export class FileSync {
  readonly #tools;
  #record?: FileRecord;

  constructor(
    private readonly name: string,
    private readonly world: GitopsWorld,
    private readonly context: LoopContext,
  ) {
    this.#tools = { client: context.client, resolver: world.resolver };
  }

  async run(): Promise<SyncResult> {
    const file = this.world.file(this.name);
    this.#record = await this.context.client.get(ManifestFile, { name: this.name });
    if (!file && !this.#record) return "settled";
    const place = file ?? { record: this.name, folder: this.#record!.spec.folder, path: this.#record!.spec.path };
    const desired = await this.#desired(file);
    const namedBy = (identity: string) => this.world.namedBy(identity);
    const plan = planFile({ parsed: file?.parsed, desired, status: this.#record?.status, namedBy, path: place.path });
    const result = plan.do === "refuse" ? await this.#refuse(place, plan.error) : await this.#apply(place, plan, file);
    this.world.waits(this.name, result === "waiting");
    return result;
  }

  async #desired(file: FolderFile | undefined): Promise<Desired[]> {
    const objects = file?.good?.objects ?? [];
    // Asked before anything is compared: the kind says whether `default` is meant.
    for (const { object } of objects) {
      await this.world.resolver.resolve({ apiVersion: object.apiVersion!, kind: object.kind! });
    }
    return objects.map((manifest) => {
      const { ref, object } = this.world.resolver.normalise(manifest.object);
      return { manifest, ref, object: marked(object, file!.path) };
    });
  }

  /** The last good state stays. */
  async #refuse(place: FilePlace, error: FileError): Promise<SyncResult> {
    const { hash, objects, objectCount = 0, appliedAt } = this.#record?.status ?? {};
    const message = sayWhere(place.path, error);
    const { document, line, message: text } = error;
    await this.#report(place, {
      state: "Broken",
      hash,
      message,
      error: { document, line, message: text },
      objectCount,
      objects,
      appliedAt,
    });
    return "settled";
  }

  async #apply(place: FilePlace, plan: Apply, file: FolderFile | undefined): Promise<SyncResult> {
    const before = this.#record?.status?.objects ?? [];
    const refs = plan.apply.map(({ ref }) => ref);
    if (file && this.#record?.status?.hash !== file.hash) {
      const broken = await rehearse(plan.apply, this.#tools);
      if (broken) return await this.#refuse(place, broken);
      const status = { ...this.#record?.status, objects: inventory(before, refs) };
      await writeRecord(place, status, this.context);
    }
    const troubles = await this.#applyAll(plan.apply);
    const broken = troubles.find(({ type }) => type === "broken");
    if (broken) return await this.#refuse(place, broken);
    if (troubles.length > 0) return await this.#wait(place, inventory(before, refs), troubles);
    return await this.#finish(place, plan, file);
  }

  async #applyAll(objects: readonly Desired[]): Promise<Trouble[]> {
    const troubles: Trouble[] = [];
    for (const desired of objects) {
      const answer = await applyDesired(desired, this.#tools);
      if ("trouble" in answer) troubles.push(answer.trouble);
      else await this.#note(desired.ref, answer.stored);
    }
    return troubles;
  }

  async #note(ref: ObjectRef, stored: Stored<KubeObject>): Promise<void> {
    this.world.applied.note(ref, stored, { record: this.name, atMs: this.context.clock.now() });
    // Asked anew: what was known may be forgotten by now, when definitions change meanwhile.
    const kind = await this.world.resolver.resolve(ref);
    if (kind) this.world.follow(kind);
  }

  async #wait(place: FilePlace, objects: ObjectRef[], troubles: readonly Trouble[]): Promise<SyncResult> {
    const { type: _type, ...error } = troubles[0]!;
    const more = troubles.length > 1 ? ` (and ${troubles.length - 1} more)` : "";
    const message = `${sayWhere(place.path, error)}${more}; it is tried again`;
    const { hash, appliedAt } = this.#record?.status ?? {};
    await this.#report(place, {
      state: "Waiting",
      hash,
      message,
      error,
      objectCount: objects.length,
      objects,
      appliedAt,
    });
    return "waiting";
  }

  async #finish(place: FilePlace, plan: Apply, file: FolderFile | undefined): Promise<SyncResult> {
    const confirmed = isConfirmed(this.#record);
    const refs = plan.apply.map(({ ref }) => ref);
    if (plan.prune.length > 0 && !confirmed && await this.#isGreatLoss(place)) {
      return await this.#hold(place, plan, file);
    }
    for (const ref of plan.prune) {
      this.world.applied.forget(ref);
      await prune(ref, this.#tools);
      if (!confirmed) this.world.notePruned(place.folder);
    }
    if (plan.last) {
      await dropRecord(this.name, this.context);
      return "settled";
    }
    if (confirmed && this.#record) await withdrawConfirmation(this.#record, this.context);
    return await this.#applied(place, refs, file!);
  }

  async #applied(place: FilePlace, objects: ObjectRef[], file: FolderFile): Promise<SyncResult> {
    const status = this.#record?.status;
    const appliedAt = status?.hash === file.hash && status.appliedAt || timestamp(this.context.clock.now());
    const { hash } = file;
    const written = await this.#report(place, {
      state: "Applied",
      hash,
      message: "",
      objectCount: objects.length,
      objects,
      appliedAt,
    });
    return written ? "settled" : "waiting";
  }

  async #isGreatLoss({ folder }: FilePlace): Promise<boolean> {
    const { items } = await this.context.client.list(ManifestFile);
    return needsConfirmation(this.world.loss(folder, items));
  }

  async #hold(place: FilePlace, { prune: doomed }: Apply, file: FolderFile | undefined): Promise<SyncResult> {
    const what = file ? "no longer names" : "is gone and with it";
    const confirm = `kubectl annotate manifestfile ${this.name} ${confirmAnnotation}=yes`;
    const keep = `kubectl delete manifestfile ${this.name}`;
    const message =
      `${place.path} ${what} ${counted(doomed.length)}, and with what else the folder ${place.folder} lost ` +
      `that is most of it. Nothing is deleted until you confirm: ${confirm}. To keep the objects without a file: ${keep}`;
    const { hash, objects = [], appliedAt } = this.#record?.status ?? {};
    await this.#report(place, {
      state: "Held",
      hash: file?.hash ?? hash,
      message,
      objectCount: objects.length,
      objects,
      appliedAt,
    });
    return "settled";
  }

  /** Tells of a new state by an Event too; false when it could not be written down. */
  async #report(place: FilePlace, status: ManifestFileStatus): Promise<boolean> {
    const plain = Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined && value !== ""));
    const written = await writeRecord(place, plain, this.context);
    const { state, message } = status;
    const same = this.#record?.status?.state === state && (this.#record?.status?.message ?? "") === (message ?? "");
    if (written && !same) {
      const normal = state === "Applied" || state === "Waiting";
      const text = message || `${place.path}: ${counted(status.objectCount)} as the file says (${status.hash})`;
      this.context.recorder.event(aboutRecord(written), normal ? "Normal" : "Warning", state!, text);
    }
    return written !== undefined;
  }
}

function counted(objects = 0): string {
  return objects === 1 ? "1 object" : `${objects} objects`;
}
