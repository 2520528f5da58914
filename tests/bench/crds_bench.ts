/**
 * A thousand definitions, as a big operator set brings them: `deno task bench crds`. Each has a schema of about 25 KB with
 * descriptions, patterns, defaults and rules; a master alone on sqlite, in a folder of its own.
 */
import { endpointOf } from "./api_bench.ts";
import { Connection, type Endpoint } from "./connection.ts";
import { say } from "./figures.ts";

const root = new URL("../../", import.meta.url).pathname;
const count = 1000;
const perGroup = 20;
const callers = 8;
const sections = 24;
const group = (i: number) => `team${Math.floor(i / perGroup)}.example.com`;

const words = "The desired state of this part, as its operator brings it about and keeps it. Cannot be changed later. ";
const text = { type: "string", maxLength: 128, pattern: "^[a-z0-9-]+$", description: words };

/** About 1 KB. */
const section = {
  type: "object",
  description: words.repeat(2),
  required: ["name"],
  properties: {
    name: text,
    replicas: { type: "integer", minimum: 0, default: 1, description: words },
    labels: { type: "object", additionalProperties: { type: "string" }, description: words },
    ports: {
      type: "array",
      maxItems: 16,
      items: {
        type: "object",
        properties: { port: { type: "integer" }, protocol: { type: "string", enum: ["a", "b"] } },
      },
    },
    limits: { "x-kubernetes-int-or-string": true, description: words },
  },
  "x-kubernetes-validations": [{ rule: "self.name.size() > 0", message: "it has a name" }],
};

function definition(i: number) {
  const names = { plural: `things${i}`, singular: `thing${i}`, kind: `Thing${i}`, listKind: `Thing${i}List` };
  const properties = Object.fromEntries(Array.from({ length: sections }, (_, part) => [`part${part}`, section]));
  const openAPIV3Schema = { type: "object", properties: { spec: { type: "object", properties } } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things${i}.${group(i)}` },
    spec: {
      group: group(i),
      scope: "Namespaced",
      names,
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema },
        subresources: { status: {} },
      }],
    },
  };
}

interface Server {
  readonly endpoint: Endpoint;
  /** From the start of the process to `/readyz`. */
  readonly startSeconds: number;
  readonly process: Deno.ChildProcess;
}

async function start(folder: string): Promise<Server> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const own = [`--data-dir=${folder}/data`, `--kubeconfig=${folder}/kubeconfig`, `--port=${port}`];
  const before = performance.now();
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${root}mod.ts`, "master", "--bind-address=127.0.0.1", ...own],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const ready = `until curl -sk --max-time 1 https://127.0.0.1:${port}/readyz | grep -q ok; do sleep 0.02; done`;
  await new Deno.Command("timeout", { args: ["120", "sh", "-c", ready] }).output();
  const startSeconds = (performance.now() - before) / 1000;
  return { endpoint: await endpointOf(`${folder}/kubeconfig`), startSeconds, process };
}

async function stop({ process }: Server): Promise<void> {
  process.kill("SIGTERM");
  await process.status;
}

/** At rest: a server that gives memory back when it has nothing to do has done so by then. */
async function megabytes({ process }: Server): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${process.pid}/status`)) ?? [];
  return `${Math.round(Number(kilobytes) / 1000)} MB`;
}

async function ask(connection: Connection, method: string, path: string, body?: string): Promise<string> {
  const answer = await connection.request(method, path, { body, contentType: "application/json" });
  const said = new TextDecoder().decode(answer.body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${said.slice(0, 300)}`);
  return said;
}

async function createAll(endpoint: Endpoint): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: callers }, async () => {
    using connection = await Connection.open(endpoint);
    while (next < count) {
      const body = JSON.stringify(definition(next++));
      await ask(connection, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body);
    }
  }));
}

/** Until the last of them is in discovery. */
async function served(endpoint: Endpoint): Promise<void> {
  using connection = await Connection.open(endpoint);
  const path = `/apis/${group(count - 1)}/v1`;
  for (;;) {
    const said = await ask(connection, "GET", path).catch(() => "");
    if (said.includes(`things${count - 1}/status`)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function took(work: Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work;
  return performance.now() - before;
}

/** How long others wait at most until the work is done. */
async function longestWait(endpoint: Endpoint, work: Promise<unknown>): Promise<number> {
  using connection = await Connection.open(endpoint);
  let [longest, busy] = [0, true];
  void work.finally(() => busy = false);
  while (busy) longest = Math.max(longest, await took(ask(connection, "GET", "/livez")));
  return longest;
}

/** Milliseconds, and for the last what others wait meanwhile. */
async function documents(endpoint: Endpoint): Promise<readonly number[]> {
  using connection = await Connection.open(endpoint);
  const apis = await took(ask(connection, "GET", "/apis"));
  const v3 = await took(ask(connection, "GET", `/openapi/v3/apis/${group(0)}/v1`));
  const making = took(ask(connection, "GET", "/openapi/v2"));
  const waiting = await longestWait(endpoint, making);
  await changeOne(connection);
  const again = await took(ask(connection, "GET", "/openapi/v2"));
  return [apis, v3, await making, again, waiting];
}

/** And waits until the change is served. */
async function changeOne(connection: Connection): Promise<void> {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const body = JSON.stringify([{
    ...{ op: "add", path: "/spec/versions/0/schema/openAPIV3Schema/description", value: "changed" },
  }]);
  const path = `${definitions}/things0.${group(0)}`;
  const answer = await connection.request("PATCH", path, { body, contentType: "application/json-patch+json" });
  if (answer.status !== 200) throw new Error(`PATCH ${path}: ${answer.status}`);
  const served = async () => (await ask(connection, "GET", `/openapi/v3/apis/${group(0)}/v1`)).includes('"changed"');
  while (!await served()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const folder = await Deno.makeTempDir({ prefix: "d8s-crds-" });
const first = await start(folder);
say("crds: memory before", await megabytes(first));
const before = performance.now();
await createAll(first.endpoint);
say(
  `crds: ${count} of ${Math.round(JSON.stringify(definition(0)).length / 1000)} KB created, ${callers} callers`,
  `${((performance.now() - before) / 1000).toFixed(1)} s`,
);
await served(first.endpoint);
say("crds: until the last is in discovery", `${((performance.now() - before) / 1000).toFixed(1)} s`);
say("crds: memory with them", await megabytes(first));
await stop(first);
const second = await start(folder);
say("crds: process start to /readyz with them", `${second.startSeconds.toFixed(2)} s`);
await served(second.endpoint);
say("crds: memory after that start", await megabytes(second));
const [apis, v3, v2, again, waiting] = (await documents(second.endpoint)).map((ms) => `${Math.round(ms)} ms`);
say("crds: discovery; OpenAPI v3 of a group; OpenAPI v2", `${apis}; ${v3}; ${v2}`);
say("crds: OpenAPI v2 after a change; longest wait of others for the first", `${again}; ${waiting}`);
say("crds: memory after these documents", await megabytes(second));
await stop(second);
await Deno.remove(folder, { recursive: true });
