/** What people type: logs with their options, exec and cp, with a real kubectl through the API server to a node. */
import assert from "node:assert/strict";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";
import { type KubectlSession, kubectlSession } from "../support/kubectl_session.ts";
import { type AgentHost, agentHost, isReady, makePod, type PodWish, seen } from "./agent_host.ts";

interface Person extends AgentHost {
  readonly kubectl: KubectlSession;
  /** What it prints, or its words when it fails. */
  say(...args: string[]): Promise<string>;
}

async function person(stack: AsyncDisposableStack): Promise<Person> {
  const node = stack.use(await agentHost());
  const path = await machineKubectl() ?? stack.use(await debianKubectl()).path;
  const kubectl = stack.use(await kubectlSession(path, node.server));
  const say = async (...args: string[]) => {
    const { code, stdout, stderr } = await kubectl.run(args, { check: false });
    return code === 0 ? stdout : stderr;
  };
  return { ...node, kubectl, say };
}

interface Wish extends PodWish {
  readonly command: readonly string[];
}

function create({ client }: AgentHost, name: string, { command, container, ...rest }: Wish): Promise<void> {
  return makePod(client, name, { container: { command, ...container }, ...rest });
}

const stateOf = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0]?.state;
const waitsFor = (reason: string) => (pod: PodObject | undefined) => stateOf(pod)?.waiting?.reason === reason;

Deno.test("what cannot run says why: in its status, to who asks for its log, and to who runs a program in it", async () => {
  await using stack = new AsyncDisposableStack();
  const node = await person(stack);
  const { client, say, kubectl } = node;
  const agent = await node.start();
  const missing = { envFrom: [{ configMapRef: { name: "missing" } }] };
  await create(node, "unset", { command: ["true"], container: missing });
  await seen(client, "unset", waitsFor("CreateContainerConfigError"));
  const told = 'Error from server (BadRequest): container "main" in pod "unset" is waiting to start: ';
  assert.equal(await say("logs", "unset"), `${told}CreateContainerConfigError\n`);
  assert.match(
    await say("logs", "unset", "--previous"),
    /\(BadRequest\): previous terminated container "main" in pod "unset" not found/,
  );

  await create(node, "absent", { command: ["true"], container: { image: "absent:1", imagePullPolicy: "Never" } });
  await seen(client, "absent", waitsFor("ErrImageNeverPull"));
  assert.match(await say("logs", "absent"), /container "main" in pod "absent" is waiting to start: ErrImageNeverPull/);

  await create(node, "unstartable", { command: ["/nothing"], spec: { restartPolicy: "Never" } });
  const failed = await seen(client, "unstartable", (pod) => pod?.status?.phase === "Failed");
  const { exitCode, reason, message } = stateOf(failed)!.terminated!;
  assert.deepEqual([exitCode, reason], [127, "ContainerCannotRun"]);
  assert.match(message!, /"\/nothing": .*no such file or directory/);
  assert.equal(failed!.status!.containerStatuses![0]!.restartCount, 0);
  assert.equal(await say("logs", "unstartable"), "");

  await create(node, "web", { command: ["sleep", "1000"] });
  await seen(client, "web", isReady);
  const exec = (...command: string[]) => kubectl.run(["exec", "web", "--", ...command], { check: false });
  const lost = await exec("nothing");
  assert.deepEqual([lost.code, /"nothing": executable file not found in \$PATH/.test(lost.stdout + lost.stderr)], [
    126,
    true,
  ]);
  const ended = await exec("sh", "-c", "echo out; echo err >&2; exit 7");
  assert.deepEqual([ended.code, ended.stdout], [7, "out\n"]);
  assert.match(ended.stderr, /^err\ncommand terminated with exit code 7/);
  await agent.kill();
});

Deno.test("logs: the options of kubectl, what was before, and what is left when files are set aside", async () => {
  await using stack = new AsyncDisposableStack();
  const node = await person(stack);
  const { client, say } = node;
  const agent = await node.start({ configuration: { containerLogMaxSize: "20Ki", containerLogMaxFiles: 3 } });
  const labels = { app: "talker" };
  await create(node, "crashed", {
    command: ["sh", "-c", "echo dies; test -e /m/f && sleep 1000; touch /m/f; exit 1"],
    labels,
    container: { volumeMounts: [{ name: "m", mountPath: "/m" }] },
    spec: { volumes: [{ name: "m", emptyDir: {} }] },
  });
  await create(node, "talker", {
    command: ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; sleep 1000"],
    labels,
  });
  await Promise.all(["crashed", "talker"].map((name) => seen(client, name, isReady)));
  await seen(client, "crashed", (pod) => pod?.status?.containerStatuses?.[0]?.restartCount === 1);

  assert.equal(await say("logs", "talker"), "line 1\nline 2\nline 3\nline 4\nline 5\n");
  assert.equal(await say("logs", "talker", "--tail=2"), "line 4\nline 5\n");
  assert.equal(await say("logs", "talker", "--tail=0"), "");
  assert.equal(await say("logs", "talker", "--limit-bytes=10"), "line 1\nlin");
  assert.equal(await say("logs", "talker", "--since=1h", "--tail=1"), "line 5\n");
  assert.equal(await say("logs", "talker", "--since-time=2999-01-01T00:00:00Z"), "");
  assert.match(await say("logs", "talker", "--timestamps", "--tail=1"), /^\d{4}-\d\d-\d\dT[\d:]+\.\d+Z line 5\n$/);
  assert.match(
    await say("logs", "talker", "--previous"),
    /previous terminated container "main" in pod "talker" not found/,
  );
  assert.match(await say("logs", "crashed", "--previous"), /^dies\n$/);
  const both = await say("logs", "-l", "app=talker", "--prefix", "--tail=1");
  assert.match(both, /\[pod\/talker\/main\] line 5\n/);
  assert.match(both, /\[pod\/crashed\/main\] dies\n/);
  assert.match(
    await say("logs", "-l", "app=talker", "-f", "--max-log-requests=1"),
    /you are attempting to follow 2 log streams, but maximum allowed concurrency is 1/,
  );

  const rows = 1000;
  await create(node, "chatty", {
    command: [
      "sh",
      "-c",
      `sleep 2; for i in $(seq ${rows}); do echo row $i is there; [ $((i % 50)) -gt 0 ] || sleep 0.1; done`,
    ],
    spec: { restartPolicy: "Never" },
  });
  await seen(client, "chatty", (pod) => pod?.status?.phase === "Running");
  const followed = await say("logs", "-f", "chatty");
  assert.match(followed, new RegExp(`row ${rows} is there\n$`));
  const all = Array.from({ length: rows }, (_, i) => `row ${i + 1} is there\n`).join("");
  const kept = await say("logs", "chatty");
  assert.ok(kept.length < all.length && all.endsWith(kept), "older files go, and nothing else");
  await agent.kill();
});

Deno.test("logs -f: every line once and in order while files are set aside, fast and slow", async () => {
  await using stack = new AsyncDisposableStack();
  const node = await person(stack);
  const { client, say, kubectl } = node;
  const agent = await node.start({ configuration: { containerLogMaxSize: "80Ki", containerLogMaxFiles: 5 } });
  const rows = Array.from({ length: 3000 }, (_, i) => `row ${i + 1} is there and not short\n`);
  const write = (pause: string) =>
    `until [ -e /tmp/go ]; do sleep 0.1; done; for i in $(seq ${rows.length}); do echo row $i is there and not short; ${pause} done`;
  const paces = { burst: "", steady: "[ $((i % 50)) -gt 0 ] || sleep 0.05;" };
  for (const [name, pause] of Object.entries(paces)) {
    await create(node, name, {
      command: ["sh", "-c", `echo ready; ${write(pause)}`],
      spec: { restartPolicy: "Never" },
    });
    await seen(client, name, isReady);
    const followers = [say("logs", "-f", name), say("logs", "-f", `--tail=${rows.length + 1}`, "--timestamps", name)];
    await kubectl.run(["exec", name, "--", "touch", "/tmp/go"]);
    const [plain, stamped] = await Promise.all(followers);
    assert.equal(plain, ["ready\n", ...rows].join(""));
    assert.deepEqual(stamped!.match(/(?<=^\S+Z )row .*\n/gm), rows);
    assert.equal(await say("logs", name, "--tail=2500"), rows.slice(-2500).join(""));
  }
  await agent.kill();
});
