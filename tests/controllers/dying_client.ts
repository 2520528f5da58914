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
  const write = async <T>(verb: string, { kind }: Pick<Kind<unknown>, "kind">, send: () => Promise<T>): Promise<T> => {
    const counts = kind !== "Event";
    if (counts) writes++;
    const last = counts && writes === death.atWrite;
    if (last) {
      dead = true;
      if (death.when === "before") die();
    }
    if (dead && !(last && death.when === "after")) throw new Error("the process is dead");
    const answer = await send();
    if (counts) log.done.push(`${verb} ${kind}`);
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
    post: (kind, ref, subresource, body) => write("post", kind, () => client.post(kind, ref, subresource, body)),
    raw(method, path, ...rest) {
      const send = () => client.raw(method, path, ...rest);
      return method === "GET" ? send() : write(method, { kind: path }, send);
    },
  };
}

/** Never dies; only keeps the log. */
export function loggingClient(client: Client, log: WriteLog): Client {
  return dyingClient(client, { atWrite: 0, when: "before" }, { log, die: () => {} });
}
