/** The engine, with each of its calls counted by kind, errors and time, under the kubelet's names for them. */
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Clock } from "../../../runtime/loop/mod.ts";
import type { Tally } from "./tally.ts";

/** What goes on for as long as somebody listens is no operation with an end. */
const operations: { readonly [call in keyof Engine]?: string } = {
  ping: "version",
  info: "status",
  create: "create_container",
  start: "start_container",
  stop: "stop_container",
  kill: "stop_container",
  remove: "remove_container",
  inspect: "container_status",
  list: "list_containers",
  update: "update_container_resources",
  exec: "exec",
  attach: "attach",
  images: "list_images",
  image: "image_status",
  pull: "pull_image",
  removeImage: "remove_image",
};

type Call = (...args: unknown[]) => Promise<unknown>;

export function countedEngine(engine: Engine, tally: Tally, clock: Clock): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const found = Reflect.get(target, name, target);
      const operation_type = operations[name as keyof Engine];
      if (typeof found !== "function") return found;
      const call = found.bind(target) as Call;
      return operation_type ? counted(call, { operation_type }, { tally, clock }) : call;
    },
  });
}

interface Counting {
  readonly tally: Tally;
  readonly clock: Clock;
}

function counted(call: Call, labels: { readonly operation_type: string }, { tally, clock }: Counting): Call {
  return async (...args) => {
    const began = clock.now();
    tally.add("kubelet_runtime_operations_total", labels);
    try {
      return await call(...args);
    } catch (error) {
      tally.add("kubelet_runtime_operations_errors_total", labels);
      throw error;
    } finally {
      tally.took("kubelet_runtime_operations_duration_seconds", (clock.now() - began) / 1000, labels);
    }
  };
}
