/** The store alone, sqlite and etcd: same callers, same bodies. */
import { openEtcdStore, openSqliteStore, type Store } from "../../runtime/store/mod.ts";
import { startEtcd } from "../support/etcd.ts";
import { describeLoad, say, underLoad } from "./figures.ts";
import { samplePod } from "./sample_pod.ts";

const body = new TextEncoder().encode(samplePod("store"));

async function measure(name: string, store: Store): Promise<void> {
  for (const callers of [1, 16, 64]) {
    const load = await underLoad(
      callers,
      4,
      (caller, turn) => store.put(`/registry/pods/bench/${callers}-${caller}-${turn}`, body, { expected: 0 }),
    );
    say(`store ${name}: creates, ${callers} callers`, describeLoad(load));
  }
}

const folder = await Deno.makeTempDir({ prefix: "d8s-bench-" });
const sqlite = await openSqliteStore({ path: `${folder}/store.db` });
await measure("sqlite", sqlite);
await sqlite.close();
await Deno.remove(folder, { recursive: true });

await using etcd = await startEtcd();
const store = await openEtcdStore({ endpoints: [etcd.endpoint] });
await measure("etcd", store);
await store.close();
