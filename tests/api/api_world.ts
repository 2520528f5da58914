/** An API server on a real sqlite store in a folder of its own, driven in process; gone with `await using`. */
import { type Api, type ApiOptions, createApi } from "../../runtime/api/mod.ts";
import { type Clock, systemClock } from "../../runtime/loop/mod.ts";
import { openSqliteStore, type Store } from "../../runtime/store/mod.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look into answers of every kind
  readonly body: any;
}

export interface ApiWorld extends AsyncDisposable {
  readonly api: Api;
  readonly store: Store;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Closes the API server and starts another on the same store. */
  restart(): Promise<void>;
}

export const admin = { name: "kubernetes-admin", groups: ["system:masters"] };

interface WorldOptions {
  readonly serviceCidr?: string;
  readonly clock?: Clock;
  readonly admission?: ApiOptions["admission"];
  readonly optional?: ApiOptions["optional"];
}

export async function apiWorld(options: WorldOptions = {}): Promise<ApiWorld> {
  const dir = await Deno.makeTempDir();
  const store = await openSqliteStore({ path: `${dir}/store.db` });
  return await apiWorldOn(store, options, () => Deno.remove(dir, { recursive: true }));
}

/** Closes the store with itself. */
export async function apiWorldOn(
  store: Store,
  { serviceCidr = "10.96.0.0/16", clock = systemClock, admission, optional }: WorldOptions = {},
  closed = async () => {},
): Promise<ApiWorld> {
  const start = () =>
    createApi({
      store,
      clock,
      authenticate: () => Promise.resolve(admin),
      authorize: ({ user }) => Promise.resolve({ allowed: user.groups.includes("system:masters"), reason: "" }),
      serviceCidr,
      admission,
      optional,
    });
  let api = await start();
  return {
    get api() {
      return api;
    },
    store,
    async call(method, path, body, headers = {}) {
      const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      const request = new Request(`https://api${path}`, {
        method,
        body: text as string | undefined,
        headers: { "content-type": "application/json", ...headers },
      });
      const response = await api.fetch(request);
      const said = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json");
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(said) : said };
    },
    async restart() {
      await api.close();
      api = await start();
    },
    async [Symbol.asyncDispose]() {
      await api.close();
      await store.close();
      await closed();
    },
  };
}

export const maps = "/api/v1/namespaces/default/configmaps";

export function map(name: string, data: Record<string, string> = {}, labels?: Record<string, string>) {
  return { metadata: { name, labels }, data };
}
