/** exec, attach, port-forward and proxies, with kubectl of two ages and bare WebSockets, in both transports. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { WebSocket } from "ws";
import { Foreground, shell, until } from "../cluster/machine.ts";
import { busyboxImage, importBusybox } from "../support/busybox_image.ts";
import { type TestHost, testHost } from "../support/host.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";

interface Way {
  readonly name: string;
  readonly kubectl: string;
  readonly env: Record<string, string>;
  /** kubectl 1.20 leaves unread what the pod still says to a connection that was closed, and with it everything else. */
  readonly readsOn: boolean;
}

/** kubectl 1.20 speaks only SPDY; newer ones speak what their environment says. */
function waysOf(old: string, newer: string | undefined): Way[] {
  const by = (value: string) => ({
    KUBECTL_REMOTE_COMMAND_WEBSOCKETS: value,
    KUBECTL_PORT_FORWARD_WEBSOCKETS: value,
  });
  const both = newer === undefined ? [] : [
    { name: "spdy", kubectl: newer, env: by("false"), readsOn: true },
    { name: "websocket", kubectl: newer, env: by("true"), readsOn: true },
  ];
  return [...both, { name: "old", kubectl: old, env: {}, readsOn: false }];
}

/** What listens in the pod: an echo, a flood, a door that is shut at once, and pages with a WebSocket. */
const servers = `
const each = async (port, serve) => {
  for await (const one of Deno.listen({ port })) serve(one).catch(() => {});
};
each(7000, async (one) => {
  for await (const bytes of one.readable) for (let at = 0; at < bytes.length;) at += await one.write(bytes.subarray(at));
  one.close();
});
each(7001, async (one) => {
  const bytes = new Uint8Array(65536).fill(120);
  for (;;) await one.write(bytes);
});
each(7002, async (one) => one.close());
Deno.serve({ port: 8080 }, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("page " + new URL(request.url).pathname);
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => data === "bye" ? socket.close(4001, "as asked") : socket.send("echo " + data);
  return response;
});`;

const pod = (name: string, container: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name } },
  spec: {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 1,
    containers: [{ name: "main", image: busyboxImage, ...container }],
  },
});

const sh = (script: string, more: object = {}) => ({ command: ["sh", "-c", script], ...more });

function podsFor(ways: readonly Way[]): object[] {
  const reader = sh("while read -r line; do echo got $line; done", { stdin: true, stdinOnce: true });
  return [
    pod("web", { command: ["sleep", "100000"] }),
    pod("server", { image: "d8s.local/deno:1", command: ["deno", "eval", servers] }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "server" },
      spec: { selector: { app: "server" }, ports: [{ name: "web", port: 80, targetPort: 8080 }] },
    },
    ...ways.map(({ name }) => pod(`reader-${name}`, reader)),
    ...ways.map(({ name }) => pod(`ticker-${name}`, sh("while :; do echo tick; sleep 0.2; done"))),
  ];
}

/** A program that goes on, and what it has said. */
class Talk {
  output = "";
  readonly child: Deno.ChildProcess;
  readonly #read: Promise<unknown>;

  constructor(host: TestHost, command: readonly string[], env: Record<string, string>) {
    this.child = host.spawn(command, { env, stdin: "piped" });
    const take = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.output += text;
    };
    this.#read = Promise.all([take(this.child.stdout), take(this.child.stderr)]);
  }

  async said(pattern: RegExp): Promise<RegExpExecArray> {
    return await until(`${pattern}`, () => pattern.exec(this.output)).catch((error) =>
      assert.fail(`${error.message}: ${this.output.slice(-2000)}`)
    );
  }

  async say(text: string): Promise<void> {
    const writer = this.child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  async end(signal?: Deno.Signal): Promise<number> {
    if (signal) this.child.kill(signal);
    const { code } = await this.child.status;
    await this.child.stdin.close().catch(() => {});
    await this.#read;
    return code;
  }
}

const mebibytes = (count: number) => "0123456789abcde\n".repeat(count * 65536);

Deno.test("commands, ports and proxies are streamed to pods and end cleanly on both sides, whatever speaks", async (t) => {
  await using host = await testHost({ docker: true });
  await using old = await debianKubectl();
  const ways = waysOf(old.path, await machineKubectl());
  await importBusybox(host);
  await Deno.mkdir(`${host.folder}/manifests`);
  const up = new Foreground(host, "up", "--no-install", "--manifests", `${host.folder}/manifests`);
  await up.printed(/Ctrl-C stops d8s/);
  const asOld = (...args: string[]) => host.run([old.path, ...args]);
  const items = { apiVersion: "v1", kind: "List", items: podsFor(ways) };
  await host.run([old.path, "create", "-f", "-"], { stdin: JSON.stringify(items) });
  await asOld("wait", "--for=condition=Ready", "pod", "--all", "--timeout=90s");

  /** Connections to master and node, and the programs that reach into pods. */
  const open = async () => {
    const script = `ss -Htan state established '( sport = :6443 or sport = :10250 )'
      ps --ppid ${up.child.pid} -o args= | grep data:application | cut -c -200; true`;
    return (await shell(host, script)).stdout;
  };
  const nothingLeft = async () => {
    await until("the end of all connections", async () => await open() === "").catch(async () =>
      assert.fail(`left: ${await open()}`)
    );
  };

  for (const { name, kubectl, env, readsOn } of ways) {
    const run = (args: string[], stdin?: string) => host.run([kubectl, ...args], { env, stdin, check: false });
    const talk = (...args: string[]) => new Talk(host, [kubectl, ...args], env);

    await t.step(`${name}: exec tells the exit code and keeps the outputs apart`, async () => {
      const { code, stdout, stderr } = await run(["exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
      assert.deepEqual([code, stdout], [7, "out\n"]);
      assert.match(stderr, /^err\ncommand terminated with exit code 7/);
      const late = await run(["exec", "web", "--", "sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 8"]);
      assert.equal(late.code, 8, "the outputs may end before the process");
    });

    await t.step(`${name}: the end of the input reaches the program, and every byte before it`, async () => {
      assert.equal((await run(["exec", "-i", "web", "--", "cat"], "a\nb")).stdout, "a\nb");
      const text = mebibytes(3);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
      assert.match((await run(["exec", "-i", "web", "--", "sha256sum"], text)).stdout, new RegExp(`^${digest} `));
      assert.ok((await run(["exec", "-i", "web", "--", "cat"], text)).stdout === text, "there and back");
      const { code, stdout } = await run(["exec", "-i", "web", "--", "head", "-c", "3"], text);
      assert.deepEqual([code, stdout], [0, "012"], "a program may leave most of its input unread");
    });

    await t.step(`${name}: a terminal has the size of the person's, and follows it`, async () => {
      const wait = (size: string) => `until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; echo size ${size};`;
      const script = `${wait("33 91")} ${wait("40 100")} read word; echo heard $word; exit 5`;
      const inside = `tty; stty cols 91 rows 33; exec ${kubectl} exec -it web -- sh -c '${script}'`;
      const terminal = new Talk(host, ["script", "-qec", inside, "/dev/null"], { ...env, SHELL: "/bin/sh" });
      const [, tty = ""] = await terminal.said(/(\/dev\/pts\/\d+)/);
      await terminal.said(/size 33 91/);
      await host.run(["stty", "-F", tty, "cols", "100", "rows", "40"]);
      await terminal.said(/size 40 100/);
      await terminal.say("hello\n");
      await terminal.said(/heard hello/);
      assert.equal(await terminal.end(), 5);
    });

    await t.step(`${name}: attach passes the input on, and ends with the container`, async () => {
      const { stdout } = await run(["attach", "-i", `reader-${name}`], "a\nb\n");
      assert.equal(stdout, "got a\ngot b\n");
      const ticker = `ticker-${name}`;
      const attached = talk("attach", ticker);
      const executed = talk("exec", ticker, "--", "sh", "-c", "echo inside; sleep 100000");
      await Promise.all([attached.said(/tick\n/), executed.said(/inside\n/)]);
      await asOld("delete", "pod", ticker, "--wait=false");
      await attached.end();
      assert.notEqual(await executed.end(), 0);
    });

    await t.step(`${name}: a kubectl that is killed leaves no process and no connection`, async () => {
      const seconds = `1${Deno.pid}${ways.findIndex((way) => way.name === name)}`;
      const silent = talk("exec", "web", "--", "sh", "-c", `echo inside; sleep ${seconds}; true`);
      const waiting = talk("exec", "-i", "web", "--", "sh", "-c", `echo inside; cat; sleep ${seconds}; true`);
      const flooded = talk("exec", "web", "--", "sh", "-c", `echo inside; exec yes ${seconds}`);
      const all = [silent, waiting, flooded];
      await Promise.all(all.map((one) => one.said(/inside\n/)));
      await Promise.all(all.map((one) => one.end("SIGKILL")));
      const running = () => host.run(["pgrep", "-af", `(sleep|yes) ${seconds}`], { check: false });
      await until("the end of the programs", async () => (await running()).stdout === "").catch(async () =>
        assert.fail((await running()).stdout)
      );
      await nothingLeft();
    });

    await t.step(
      `${name}: a forwarded port carries much both ways, and what is cut off disturbs no other`,
      async () => {
        const forward = talk("port-forward", "--address=0.0.0.0", "pod/server", ":7000", ":7001", ":7002");
        const local = (port: number) => forwarded(forward, host, port);
        const text = mebibytes(3);
        const echo = await local(7000);
        const echoes = await Promise.all([1, 2, 3].map(() => exchanged(echo, text)));
        assert.deepEqual(echoes.map((one) => one === text), [true, true, true]);

        await exchanged(await local(7002), text);
        if (readsOn) {
          const cut = connect(await local(7001));
          await once(cut, "data");
          cut.destroy();
        }
        assert.equal(await exchanged(echo, "still there"), "still there");

        const flood = connect(await local(7001)).on("error", () => {});
        await once(flood, "data");
        const over = once(flood, "close");
        await forward.end("SIGKILL");
        flood.resume();
        await over;
        await nothingLeft();
      },
    );

    await t.step(`${name}: a port that nobody listens on is told of`, async () => {
      const forward = talk("port-forward", "--address=0.0.0.0", "pod/server", ":7000", ":7999");
      const echo = await forwarded(forward, host, 7000);
      assert.equal(await exchanged(await forwarded(forward, host, 7999), "a"), "");
      await forward.said(/7999.*[Cc]onnection refused/);
      // Newer kubectls give up all of a forward when one connection fails; 1.20 goes on.
      const goesOn = await exchanged(echo, "still there") === "still there";
      if (!goesOn) await forward.said(/lost connection to pod/);
      assert.ok(goesOn || readsOn);
      await forward.end(goesOn ? "SIGKILL" : undefined);
      await nothingLeft();
    });
  }

  const { stdout } = await asOld("config", "view", "--raw", "-o", "json");
  const { users: [{ user }], clusters: [{ cluster }] } = JSON.parse(stdout);
  const tls = {
    ca: atob(cluster["certificate-authority-data"]),
    cert: atob(user["client-certificate-data"]),
    key: atob(user["client-key-data"]),
  };
  const dialAt = (path: string, protocol?: string) =>
    new Dialogue(new WebSocket(`wss://${host.address}:6443/api/v1/${path}`, protocol, tls));
  const dial = (path: string, protocol?: string) => dialAt(`namespaces/default/${path}`, protocol);
  const execPath = (...command: string[]) =>
    `pods/web/exec?stdin=true&stdout=true&stderr=true&${new URLSearchParams(command.map((word) => ["command", word]))}`;
  const binary = (channel: number, text: string) => Uint8Array.of(channel, ...new TextEncoder().encode(text));

  await t.step("a bare WebSocket executes in each protocol; v5 ends the input with channel 255", async () => {
    const count = sh("head -n 1; exit 3").command;
    const v4 = dial(execPath(...count), "v4.channel.k8s.io");
    await v4.send(binary(0, "word\n"));
    await v4.over();
    assert.equal(v4.textOf(1), "word\n");
    const { status, details } = JSON.parse(v4.textOf(3));
    assert.deepEqual([status, details.causes], ["Failure", [{ reason: "ExitCode", message: "3" }]]);

    const v5 = dial(execPath("cat"), "v5.channel.k8s.io");
    await v5.send(binary(0, "all of it"));
    await v5.send(Uint8Array.of(255, 0));
    await v5.over();
    assert.equal(v5.textOf(1), "all of it");
    assert.equal(JSON.parse(v5.textOf(3)).status, "Success");

    const base64 = dial(execPath(...count), "base64.v4.channel.k8s.io");
    await base64.send(`0${btoa("word\n")}`);
    await base64.over();
    const told = base64.messages.map((one) => [String(one)[0], atob(String(one).slice(1))]);
    assert.deepEqual(told.find(([channel]) => channel === "1"), ["1", "word\n"]);
    await nothingLeft();
  });

  for (const place of ["pods/server:8080", "services/server:web", "services/server"]) {
    await t.step(`${place}: pages and WebSockets come through the proxy`, async () => {
      const page = await asOld("get", "--raw", `/api/v1/namespaces/default/${place}/proxy/a/b?c=d`);
      assert.equal(page.stdout, "page /a/b");
      const socket = dial(`${place}/proxy/socket`);
      await socket.send("hello");
      await until("the echo", () => socket.messages.map(String).includes("echo hello"));
      await socket.send("bye");
      assert.deepEqual(await socket.over(), [4001, "as asked"]);
      const killed = dial(`${place}/proxy/socket`);
      await killed.send("hello");
      killed.socket.terminate();
      await nothingLeft();
    });
  }

  const node = (await asOld("get", "pod", "web", "-o", "jsonpath={.spec.nodeName}")).stdout;
  await t.step(
    "through the proxy of its node a WebSocket executes too, as tools do that speak with kubelets",
    async () => {
      const command = new URLSearchParams([["command", "sh"], ["command", "-c"], ["command", "head -n 1; exit 3"]]);
      const place = `nodes/${node}/proxy/exec/default/web/main?input=1&output=1&error=1&${command}`;
      const socket = dialAt(place, "v4.channel.k8s.io");
      await socket.send(binary(0, "word\n"));
      await socket.over();
      assert.equal(socket.textOf(1), "word\n");
      assert.deepEqual(JSON.parse(socket.textOf(3)).details.causes, [{ reason: "ExitCode", message: "3" }]);
      await nothingLeft();
    },
  );

  for (const { name, kubectl } of ways.filter(({ name }) => name !== "spdy")) {
    await t.step(`${name}: top tells what nodes, pods and containers use`, async () => {
      const top = async (...args: string[]) => {
        const { stdout } = await host.run([kubectl, "top", ...args, "--no-headers"], { check: false });
        return stdout;
      };
      const ofNode = new RegExp(`^${node} +\\d+m +\\d+% +\\d+Mi +\\d+%`);
      await until("the node's figures", async () => ofNode.test(await top("node")));
      await until("the pod's figures", async () => /^web +\d+m +\d+Mi/m.test(await top("pod")));
      assert.match(await top("pod", "--containers"), /^web +main +\d+m +\d+Mi/m);
    });
  }
  assert.equal((await up.end("SIGINT")).code, 0);
});

/** Where a forwarded port of the pod is found. */
async function forwarded(forward: Talk, host: TestHost, port: number): Promise<{ host: string; port: number }> {
  const [, found = ""] = await forward.said(new RegExp(`Forwarding from 0\\.0\\.0\\.0:(\\d+) -> ${port}\n`));
  return { host: host.address, port: Number(found) };
}

/** What comes back for this text, to the end: empty when the connection is broken off. */
async function exchanged(to: { host: string; port: number }, text: string): Promise<string> {
  const socket: Socket = connect({ ...to, allowHalfOpen: true }).on("error", () => {});
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const over = new Promise<void>((resolve) => socket.once("end", resolve).once("close", () => resolve()));
  socket.end(text);
  await over;
  socket.destroy();
  return await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
}

/** A WebSocket's client side, and what it was told. */
class Dialogue {
  readonly messages: (Uint8Array | string)[] = [];
  readonly #open: Promise<unknown>;
  readonly #closed: Promise<[number, string]>;

  constructor(readonly socket: WebSocket) {
    this.#open = new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    this.#closed = new Promise((resolve) =>
      socket.once("close", (code: number, reason: Uint8Array) => resolve([code, new TextDecoder().decode(reason)]))
    );
    socket.on("error", () => {});
    socket.on("message", (data: Uint8Array, isBinary: boolean) => {
      this.messages.push(isBinary ? new Uint8Array(data) : new TextDecoder().decode(data));
    });
  }

  async send(message: Uint8Array | string): Promise<void> {
    await this.#open;
    this.socket.send(message);
  }

  over(): Promise<[number, string]> {
    return this.#closed;
  }

  /** All that came on a channel, as text. */
  textOf(channel: number): string {
    const parts = this.messages.filter((one) => one[0] as unknown === channel) as Uint8Array[];
    return parts.map((one) => new TextDecoder().decode(one.subarray(1))).join("");
  }
}
