/**
 * The folder of manifests: what its files say is what the cluster is, and stays so.
 *
 * Its keys are the names of ManifestFiles, one a file. Laws: server-side apply under `d8s-gitops`, so that fields a file
 * does not name are left alone; what leaves a file or a file that leaves is pruned, but a great loss waits for a
 * confirmation; a broken or half-written file changes nothing; what somebody changes or deletes is repaired by watch; what
 * a file put into the cluster is written down before it is put there.
 */
import { resolve } from "node:path";
import { CustomResourceDefinition, Namespace } from "../../runtime/schema/mod.ts";
import { type Controller, done, type LoopContext, type Outcome, requeueAfter } from "../../runtime/loop/mod.ts";
import { FileSync } from "./file_sync.ts";
import { GitopsWorld } from "./gitops_world.ts";
import { ManifestFile } from "./manifest_file.ts";
import { watchFolder } from "./folder_watch.ts";

export interface GitopsOptions {
  /** Watched with their subfolders; the first ones first. A folder that is missing may come later. */
  readonly folders: readonly string[];
}

/** Files that wait for something are tried again after 100 ms, 200 ms, ... at most every 15 s, and when CRDs or namespaces come. */
const firstRetryMs = 100;
const longestRetryMs = 15_000;

export function gitops({ folders }: GitopsOptions): Controller {
  const roots = folders.map((folder) => resolve(folder));
  let world: GitopsWorld;
  return {
    name: "gitops",
    kind: ManifestFile,
    eventSource: { component: "d8s-gitops" },
    start: (context) => void (world = new GitopsWorld(roots, context)),
    sources: [{
      async start(enqueue, context) {
        world.enqueue = enqueue;
        await Promise.all(
          world.folders.map((folder) => watchFolder(folder, (records) => world.changed(records), context)),
        );
        followRequirements(world, context);
      },
    }],
    async reconcile(record, context): Promise<Outcome> {
      const result = await new FileSync(record, world, context).run();
      if (result !== "waiting") {
        world.attempts.delete(record);
        return done;
      }
      const attempts = world.attempts.get(record) ?? 0;
      world.attempts.set(record, attempts + 1);
      return requeueAfter(Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts, 10)));
    },
  };
}

/** What files may wait for: kinds and namespaces. When ManifestFiles are served, they are followed too. */
function followRequirements(world: GitopsWorld, { informers, signal }: LoopContext): void {
  const handlers = [
    informers.of(CustomResourceDefinition).onChange(({ type, object }) => {
      world.resolver.forget();
      const { spec, status } = object;
      const established = status?.conditions?.some((one) => one.type === "Established" && one.status === "True");
      if (type === "DELETED" || !established) return;
      if (spec.group === "gitops.d8s.io") world.followRecords();
      world.retryWaiting();
    }),
    informers.of(Namespace).onChange(({ type }) => {
      if (type === "ADDED") world.retryWaiting();
    }),
  ];
  signal.addEventListener("abort", () => handlers.forEach((handler) => handler[Symbol.dispose]()), { once: true });
}
