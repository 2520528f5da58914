/** A control plane in this process: the real API on a real sqlite store in a temporary folder, and the loops that a test names. */
import {
  type Client,
  type Clock,
  type Controller,
  runControllers,
  type Running,
  systemClock,
} from "../../runtime/loop/mod.ts";
import { type ApiOptions, createApi } from "../../runtime/api/mod.ts";
import { inProcessClient } from "../../runtime/client/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";
import { anonymous } from "../../runtime/auth/user.ts";
import type { Kind, Ref, Stored } from "../../runtime/schema/mod.ts";

const admin = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

export interface TestCluster extends AsyncDisposable {
  readonly client: Client;
  readonly folder: string;
  /** Starts loops, with a client of their own, such as one that dies, and a time of their own. */
  run(controllers: readonly Controller[], client?: Client, clock?: Clock): Running;
  /** The object when it passes the test; fails after 20 s. Waits by watch. */
  until<T>(kind: Kind<T>, ref: Ref, test: (object: Stored<T> | undefined) => boolean): Promise<Stored<T> | undefined>;
}

/** `tokens` issues ServiceAccount tokens, `aggregation` asks servers behind; without them both are refused. */
export async function testCluster(
  options: Pick<ApiOptions, "tokens" | "aggregation"> = {},
): Promise<TestCluster> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-controllers-" });
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  const api = await createApi({
    store,
    authenticate: () => Promise.resolve(anonymous),
    authorize: () => Promise.resolve({ allowed: true, reason: "" }),
    clock: systemClock,
    ...options,
  });
  const client = inProcessClient(api, admin);
  const running: Running[] = [];
  const stopping = new AbortController();
  return {
    client,
    folder,
    run(controllers, own = client, clock = systemClock) {
      const started = runControllers(controllers, {
        client: own,
        clock,
        signal: stopping.signal,
        identity: crypto.randomUUID(),
      });
      running.push(started);
      return started;
    },
    until: (kind, ref, test) => until(client, { kind, ref }, test),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(running.map((one) => one.settled));
      await api.close();
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function until<T>(
  client: Client,
  { kind, ref }: { kind: Kind<T>; ref: Ref },
  test: (object: Stored<T> | undefined) => boolean,
): Promise<Stored<T> | undefined> {
  const signal = AbortSignal.timeout(20_000);
  let object = await client.get(kind, ref);
  if (test(object)) return object;
  const options = { namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}`, signal };
  for await (const event of client.watch(kind, options)) {
    if (event.type === "BOOKMARK") continue;
    object = event.type === "DELETED" ? undefined : event.object;
    if (test(object)) return object;
  }
  const status = JSON.stringify((object as { status?: unknown } | undefined)?.status);
  throw new Error(`${kind.kind} ${ref.namespace ?? ""}/${ref.name} did not come to what was expected: ${status}`);
}
