/** What the gitops loop holds in memory: the folders as read, what was applied, who waits, what was pruned of late. */
import { keyOf, type Kind, type KubeObject, refOf } from "../../runtime/schema/mod.ts";
import type { Change, Enqueue, LoopContext } from "../../runtime/loop/mod.ts";
import { AppliedObjects } from "./applied.ts";
import { type FolderFile, ManifestFolder, namesOf } from "./folder.ts";
import { KindResolver } from "./kind_resolver.ts";
import { type FileRecord, identityOf, ManifestFile } from "./manifest_file.ts";
import { lossWindowMs } from "./prune_guard.ts";

/** Somebody who fights for a field gets it back at most this often. */
const repairPauseMs = 500;

export class GitopsWorld {
  readonly folders: readonly ManifestFolder[];
  readonly resolver: KindResolver;
  readonly applied = new AppliedObjects();
  readonly attempts = new Map<string, number>();
  enqueue: Enqueue = () => {};
  readonly #waiting = new Set<string>();
  readonly #followed = new Set<string>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #pruned: { readonly folder: string; readonly atMs: number }[] = [];
  #records = false;

  constructor(roots: readonly string[], private readonly context: LoopContext) {
    this.folders = roots.map((root) => new ManifestFolder(root));
    this.resolver = new KindResolver(context.client);
  }

  file(record: string): FolderFile | undefined {
    for (const folder of this.folders) {
      const file = folder.get(record);
      if (file) return file;
    }
  }

  /** Files came, changed or went. Files that name the same objects are concerned too. */
  changed(records: readonly string[]): void {
    const names = new Set(records.flatMap((record) => this.#names.get(record) ?? []));
    for (const record of records) {
      const file = this.file(record);
      this.#names.set(record, file ? namesOf(file) : []);
      for (const name of this.#names.get(record)!) names.add(name);
      const first = file?.good?.objects.some(({ object }) => comesFirst(object)) ?? false;
      this.enqueue(record, { priority: first ? 1 : 0 });
    }
    for (const [record, own] of this.#names) {
      if (!records.includes(record) && own.some((name) => names.has(name))) this.enqueue(record);
    }
  }

  /** Path of the file that names an object first, of those that are there. */
  namedBy(identity: string): string | undefined {
    for (const folder of this.folders) {
      const paths = folder.files().filter((file) => this.#identities(file).includes(identity)).map(({ path }) => path);
      if (paths.length > 0) return paths.sort()[0];
    }
  }

  #identities(file: FolderFile): string[] {
    return (file.good?.objects ?? []).map(({ object }) => identityOf(this.resolver.normalise(object).ref));
  }

  waits(record: string, waiting: boolean): void {
    if (waiting) this.#waiting.add(record);
    else this.#waiting.delete(record);
  }

  retryWaiting(): void {
    for (const record of this.#waiting) {
      this.attempts.delete(record);
      this.enqueue(record);
    }
  }

  /** From now on changes of this kind by others are repaired. */
  follow(kind: Kind<KubeObject>): void {
    const id = `${kind.apiVersion}/${kind.kind}`;
    if (this.#followed.has(id)) return;
    this.#followed.add(id);
    const handler = this.context.informers.of(kind).onChange((change) =>
      this.#repair(kind, change as Change<KubeObject>)
    );
    this.context.signal.addEventListener("abort", () => handler[Symbol.dispose](), { once: true });
  }

  #repair(kind: Kind<KubeObject>, { type, object }: Change<KubeObject>): void {
    const ref = { apiVersion: kind.apiVersion, kind: kind.kind, ...refOf(keyOf(object)) };
    const touched = this.applied.touched(ref, type === "DELETED" ? undefined : object);
    if (!touched) return;
    const pause = touched.atMs + repairPauseMs - this.context.clock.now();
    this.enqueue(touched.record, pause > 0 ? { afterMs: pause } : {});
  }

  /** Records are objects like others: their annotations confirm, and those of files that went while we were away are due. */
  followRecords(): void {
    if (this.#records) return;
    this.#records = true;
    const roots = new Set(this.folders.map(({ root }) => root));
    const handler = this.context.informers.of(ManifestFile).onChange(({ object, old, type }) => {
      const sameNotes = JSON.stringify(old?.metadata.annotations) === JSON.stringify(object.metadata.annotations);
      if (type === "MODIFIED" && sameNotes) return;
      if (roots.has(object.spec.folder)) this.enqueue(object.metadata.name);
    });
    this.context.signal.addEventListener("abort", () => handler[Symbol.dispose](), { once: true });
  }

  notePruned(folder: string): void {
    this.#pruned.push({ folder, atMs: this.context.clock.now() });
  }

  /** Objects of the folder's records, and those of them that no present file names. */
  loss(folder: string, records: readonly FileRecord[]) {
    const since = this.context.clock.now() - lossWindowMs;
    while (this.#pruned[0] && this.#pruned[0].atMs < since) this.#pruned.shift();
    const objects = records.filter(({ spec }) => spec.folder === folder).flatMap(({ status }) => status?.objects ?? []);
    return {
      present: objects.length,
      doomed: objects.filter((ref) => this.namedBy(identityOf(ref)) === undefined).length,
      recentlyPruned: this.#pruned.filter((pruned) => pruned.folder === folder).length,
    };
  }
}

function comesFirst(object: KubeObject): boolean {
  return object.kind === "CustomResourceDefinition" || object.kind === "Namespace";
}
