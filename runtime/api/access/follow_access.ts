/** Tells the authorizers of every change of what they decide by, out of the watch cache and in its order. */
import type { ClusterAccess } from "../../auth/cluster_access.ts";
import type { GraphKind } from "../../auth/node/mod.ts";
import type { Binding, RbacKind, Role } from "../../auth/rbac/mod.ts";
import type { Stored } from "../../schema/mod.ts";
import type { ResourceCache, WatchCache } from "../cache/mod.ts";

interface Told {
  set(object: Stored): void;
  delete(object: Stored): void;
}

const rbacKinds: readonly RbacKind[] = ["roles", "clusterroles", "rolebindings", "clusterrolebindings"];
const graphKinds: readonly GraphKind[] = ["pods", "persistentvolumes", "volumeattachments", "resourceslices"];

/** When it returns, what is there has been told; dispose to stop. */
export function followAccess(cache: WatchCache, { rbac, nodes }: ClusterAccess): Disposable {
  const held = new DisposableStack();
  const follow = (plural: string, told: Told) => held.use(tell(cache, cache.resource(`/registry/${plural}`), told));
  for (const kind of rbacKinds) {
    follow(kind, {
      set: (object) => rbac.set(kind, object as unknown as Role | Binding),
      delete: (object) => rbac.delete(kind, object as unknown as Role | Binding),
    });
  }
  for (const kind of graphKinds) {
    follow(kind, { set: (object) => nodes.set(kind, object), delete: (object) => nodes.delete(kind, object) });
  }
  return held;
}

/** A watch that the cache closes is begun again: it then tells everything anew, which changes nothing that is known. */
export function tell(cache: WatchCache, resource: ResourceCache, told: Told): Disposable {
  let watch: Disposable | undefined;
  let stopped = false;
  const begin = () => {
    const sink = {
      event: (type: string, { object }: { object: Stored }) =>
        type === "DELETED" ? told.delete(object) : told.set(object),
      bookmark: () => {},
      closed: () => {
        if (!stopped) begin();
      },
    };
    watch = resource.watch({ selection: { folder: "" }, sink, bookmarks: false }, cache.revision);
  };
  begin();
  return {
    [Symbol.dispose]: () => {
      stopped = true;
      watch?.[Symbol.dispose]();
    },
  };
}
