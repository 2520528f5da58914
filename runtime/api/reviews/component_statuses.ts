/** `componentstatuses`: deprecated, and still what `kubectl get cs` reads. */
import { notFound, type Stored } from "../../schema/mod.ts";
import { ObjectRevision, serialise } from "../cache/mod.ts";
import { answer } from "../http/answer.ts";
import type { HealthCheck } from "../http/health.ts";
import type { Handler } from "../http/object_routes.ts";
import { listCall } from "../http/query.ts";
import { selector } from "../objects/selection.ts";

const names = ["controller-manager", "etcd-0", "scheduler"];

/** All three live in one process with the store behind them: what the store says goes for all. */
export function componentStatuses(store: HealthCheck): Readonly<Record<string, Handler>> {
  const status = async (name: string) => {
    const trouble = await store.check();
    const condition = { type: "Healthy", status: trouble ? "False" : "True", message: trouble ?? "ok" };
    const object = {
      kind: "ComponentStatus",
      apiVersion: "v1",
      metadata: { name },
      conditions: [condition],
    };
    return ObjectRevision.ofStored(name, 0, serialise(object as unknown as Stored));
  };
  return {
    async list({ encoding, resource, url }) {
      const all = await Promise.all(names.map(status));
      const matches = selector(resource, listCall(url.searchParams)) ?? (() => true);
      const items = all.filter(({ object }) => matches(object));
      return answer(encoding.list({ items, resourceVersion: "" }, resource), encoding.contentType);
    },
    async get({ encoding, resource, path }) {
      if (!names.includes(path.name)) throw notFound({ group: "", plural: "componentstatus" }, path.name);
      return answer(encoding.object(await status(path.name), resource), encoding.contentType);
    },
  };
}
