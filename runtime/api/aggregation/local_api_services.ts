/** An APIService for each group version that this server itself serves, as `kubectl get apiservices` expects. */
import { builtinResources, isReason, type KubeObject, optionalResources, type Resource } from "../../schema/mod.ts";
import { apiServerUser, ensureExists, type Keeper } from "../bootstrap/ensure.ts";
import { groupVersionsOf } from "../discovery/priority.ts";

export interface LocalApiServices {
  readonly keeper: Keeper;
  readonly onTrouble: (error: unknown) => void;
}

const mark = "kube-aggregator.kubernetes.io/automanaged";
const customPriority = { groupPriorityMinimum: 1000, versionPriority: 100 };

/** Resolves when those of the built-in groups are there; follows the groups of custom resources until it is disposed. */
export async function keepLocalApiServices(options: LocalApiServices): Promise<Disposable> {
  const { keeper, onTrouble } = options;
  const builtin = new Set(names([...builtinResources, ...optionalResources]));
  const kept = new Set(names(keeper.registry.all()));
  await Promise.all(groupVersionObjects(options, builtin).map((object) => ensureExists(keeper, object)));
  let running = Promise.resolve();
  let due = false;
  const again = () => {
    if (due) return;
    due = true;
    running = running.then(() => {
      due = false;
      return follow(options, builtin, kept);
    }).catch(onTrouble);
  };
  return keeper.registry.onChange(again);
}

function names(rows: readonly Resource[]): string[] {
  return groupVersionsOf(rows).flatMap(({ group, versions }) => versions.map((version) => `${version}.${group}`));
}

async function follow(options: LocalApiServices, builtin: ReadonlySet<string>, kept: Set<string>): Promise<void> {
  const { keeper } = options;
  const served = new Set(names(keeper.registry.all()));
  for (const object of groupVersionObjects(options, builtin)) {
    const name = object.metadata!.name!;
    if (kept.has(name)) continue;
    kept.add(name);
    await ensureExists(keeper, object);
  }
  const resource = keeper.registry.find("apiregistration.k8s.io", "v1", "apiservices")!;
  for (const name of kept) {
    if (served.has(name)) continue;
    kept.delete(name);
    await keeper.operations.delete({ resource, namespace: "", name }, { user: apiServerUser }).catch((error) => {
      if (!isReason(error, "NotFound")) throw error;
    });
  }
}

function groupVersionObjects({ keeper }: LocalApiServices, builtin: ReadonlySet<string>): KubeObject[] {
  const groups = groupVersionsOf(keeper.registry.all());
  return groups.flatMap(({ group, versions }, rank) =>
    versions.map((version, place) => {
      const name = `${version}.${group}`;
      const own = builtin.has(name);
      const priority = { groupPriorityMinimum: 18000 - rank * 100, versionPriority: Math.max(1, 15 - place) };
      return {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name, labels: { [mark]: own ? "onstart" : "true" } },
        spec: { ...(group ? { group } : {}), version, ...(own ? priority : customPriority) },
      };
    })
  );
}
