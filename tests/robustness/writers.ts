/** Writers that each change ConfigMaps of their own, one write after the other, and note what they were answered. */
import type { Attempt } from "./history.ts";
import type { Master } from "./master.ts";

export const maps = "/api/v1/namespaces/default/configmaps";

export interface Writers {
  readonly attempts: readonly Attempt[];
  /** Answered so far. */
  readonly done: number;
  /** Ends when every writer has. */
  stop(): Promise<void>;
}

/** `random`: 0 to below 1. */
export function startWriters(master: Master, count: number, random: () => number): Writers {
  const attempts: Attempt[] = [];
  let stopped = false;
  const write = async (writer: number) => {
    for (let turn = 0; !stopped; turn++) {
      const key = `w${writer}-${Math.floor(random() * 4)}`;
      const mark = random() < 0.25 ? undefined : `${writer}-${turn}`;
      attempts.push({ key, mark, ...await attempt(master, key, mark) });
    }
  };
  const all = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)));
  return {
    attempts,
    get done() {
      return attempts.filter(({ outcome }) => outcome === "done").length;
    },
    async stop() {
      stopped = true;
      await all;
    },
  };
}

async function attempt(master: Master, key: string, mark?: string): Promise<Pick<Attempt, "outcome" | "revision">> {
  try {
    const answer = mark === undefined ? await remove(master, key) : await put(master, key, mark);
    const { metadata } = await answer.json();
    if (answer.status >= 500) return { outcome: "unknown" };
    if (!answer.ok) return { outcome: "refused" };
    // A deletion's answer is a Status, which tells no revision.
    return mark === undefined ? { outcome: "done" } : { outcome: "done", revision: Number(metadata.resourceVersion) };
  } catch {
    return { outcome: "unknown" };
  }
}

/** Creates where there is nothing to update. */
async function put(master: Master, name: string, mark: string): Promise<Response> {
  const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { mark } });
  const init = { body, headers: { "content-type": "application/json" }, signal: AbortSignal.timeout(10_000) };
  const updated = await master.fetch(`${maps}/${name}`, { ...init, method: "PUT" });
  if (updated.status !== 404) return updated;
  await updated.body?.cancel();
  return await master.fetch(maps, { ...init, method: "POST" });
}

function remove(master: Master, name: string): Promise<Response> {
  return master.fetch(`${maps}/${name}`, { method: "DELETE", signal: AbortSignal.timeout(10_000) });
}
