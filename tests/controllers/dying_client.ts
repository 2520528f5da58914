/** A client whose process dies at its n-th write: before the write is done, or after it is done and before the answer. */
import { type Client } from "../../runtime/loop/mod.ts";
import type { Kind } from "../../runtime/schema/mod.ts";

export interface Death {
  /** Counted from 1. */
  readonly atWrite: number;
  readonly when: "before" | "after";
}

export interface WriteLog {
  /** `create Pod`, `delete Pod`, ...: what was done, Events left out. */
  readonly done: string[];
}

export function dyingClient(client: Client, death: Death, { log, die }: { log: WriteLog; die: () => void }): Client {
  let writes = 0;
  let dead = false;
  const write = async <T>(verb: string, kind: Kind<unknown>, send: () => Promise<T>): Promise<T> => {
    const counts = kind.kind !== "Event";
    if (counts) writes++;
    const last = counts && writes === death.atWrite;
    if (last) {
      dead = true;
      if (death.when === "before") die();
    }
    if (dead && !(last && death.when === "after")) throw new Error("the process is dead");
    const answer = await send();
    if (counts) log.done.push(`${verb} ${kind.kind}`);
    if (!last) return answer;
    die();
    throw new Error("the process is dead");
  };
  return {
    ...client,
    create: (kind, object, options) => write("create", kind, () => client.create(kind, object, options)),
    update: (kind, object, options) => write("update", kind, () => client.update(kind, object, options)),
    patch: (kind, ref, patch, options) => write("patch", kind, () => client.patch(kind, ref, patch, options)),
    delete: (kind, ref, options) => write("delete", kind, () => client.delete(kind, ref, options)),
  };
}

/** Never dies; only keeps the log. */
export function loggingClient(client: Client, log: WriteLog): Client {
  return dyingClient(client, { atWrite: 0, when: "before" }, { log, die: () => {} });
}
