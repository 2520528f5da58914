/** What goes wrong on a machine: each trouble is named with its remedy, and nothing that was acknowledged is lost. */
import assert from "node:assert/strict";
import { type TestHost, testHost } from "../support/host.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";
import type { RunResult } from "../support/run_command.ts";
import { d8s, Foreground, type Kubectl, kubectlIn, root, shell, until } from "./machine.ts";

/** A d8s command that is expected to give up by itself. */
async function refused(host: TestHost, command: string[]): Promise<string> {
  const result = await host.run(command, { check: false, cwd: root });
  assert.notEqual(result.code, 0, result.stdout);
  return result.stdout + result.stderr;
}

async function attempt(kubectl: Kubectl, ...args: string[]): Promise<string> {
  return await kubectl(...args).catch((error: Error) => error.message);
}

const master = ["master", "--data-dir"];

Deno.test("what keeps d8s from starting is named with its remedy", async (t) => {
  await using host = await testHost();

  await t.step("a port in use, and by whom", async () => {
    const holder = host.spawn([Deno.execPath(), "eval", `Deno.listen({ port: 6443 }); setInterval(() => {}, 1000)`]);
    await until(
      "the port to be taken",
      async () => /6443/.test((await shell(host, "ss -ltn || cat /proc/net/tcp")).stdout),
    );
    assert.match(await refused(host, d8s(...master, "/var/lib/d8s-a")), /6443.*deno \(process \d+\)/s);
    holder.kill();
    await Promise.all([holder.status, holder.stdout.cancel(), holder.stderr.cancel()]);
  });

  await t.step("no root", async () => {
    assert.match(await refused(host, ["unshare", "--user", ...d8s("up", "--no-install")]), /root/);
  });

  await t.step("no docker where it may install nothing", async () => {
    assert.match(await refused(host, ["env", "PATH=/nowhere", ...d8s("up", "--no-install")]), /docker/);
  });

  await t.step("a data folder of a newer version", async () => {
    await shell(
      host,
      'mkdir -p /var/lib/d8s-b && echo \'{"layout": 999, "version": "99.0.0"}\' > /var/lib/d8s-b/layout.json',
    );
    assert.match(await refused(host, d8s(...master, "/var/lib/d8s-b")), /newer|99/);
  });

  await t.step("a config file with a wrong value, by file, line and field", async () => {
    await shell(host, "printf 'node-name: ok\\nport: many\\n' > /etc/bad.yaml");
    assert.match(await refused(host, d8s("master", "--config", "/etc/bad.yaml")), /bad\.yaml.*2.*port/s);
  });

  await t.step("a store that nobody knows, and an etcd that does not answer", async () => {
    assert.match(await refused(host, d8s(...master, "/var/lib/d8s-c", "--store", "mysql:x")), /sqlite:PATH/);
    assert.match(
      await refused(host, d8s(...master, "/var/lib/d8s-c", "--store", "etcd=http://127.0.0.1:9")),
      /127\.0\.0\.1:9.*does not answer/,
    );
  });
});

Deno.test("a full disk refuses writes by name, keeps reading, and forgets nothing when there is room again", async () => {
  await using host = await testHost();
  await using old = await debianKubectl();
  const kubectl = kubectlIn(host, await machineKubectl() ?? old.path);
  await shell(host, "mkdir -p /mnt/small && mount -t tmpfs -o size=6m tmpfs /mnt/small");
  assert.match(await refused(host, d8s(...master, "/mnt/small")), /only \d+ MB are free[\s\S]*make room/);
  await shell(host, "mount -o remount,size=2g /mnt/small");
  const running = new Foreground(host, ...master, "/mnt/small");
  await until("the API server", async () => /default/.test(await attempt(kubectl, "get", "namespaces")));
  await shell(host, "mount -o remount,size=6m /mnt/small");
  await Deno.writeTextFile(`${host.folder}/blob`, "x".repeat(400_000));
  const acknowledged: string[] = [];
  let answer = "";
  for (let i = 0; i < 40 && !/full/.test(answer); i++) {
    answer = await attempt(kubectl, "create", "configmap", `blob-${i}`, `--from-file=${host.folder}/blob`);
    if (/created/.test(answer)) acknowledged.push(`configmap/blob-${i}`);
  }
  assert.match(answer, /full/);
  const listed = (text: string) => text.split("\n").filter((line) => line.includes("blob-")).sort();
  assert.deepEqual(listed(await kubectl("get", "configmaps", "-o", "name")), acknowledged.toSorted());
  await shell(host, "mount -o remount,size=2g /mnt/small");
  await until(
    "a write",
    async () => /created/.test(await attempt(kubectl, "create", "configmap", "room", "--from-literal=a=b")),
  );
  await running.end("SIGKILL");
  const again = new Foreground(host, ...master, "/mnt/small");
  await until("the API server", async () => /room/.test(await attempt(kubectl, "get", "configmaps", "-o", "name")));
  assert.deepEqual(listed(await kubectl("get", "configmaps", "-o", "name")), acknowledged.toSorted());
  await again.end("SIGTERM");
});

Deno.test("etcd under the cluster is killed: calls fail in time, and all goes on when it is back", async () => {
  await using host = await testHost();
  await using old = await debianKubectl();
  const kubectl = kubectlIn(host, await machineKubectl() ?? old.path);
  const etcd = () =>
    host.spawn(["etcd", "--data-dir", `${host.folder}/etcd`, "--log-level", "error"], {
      stdout: "null",
      stderr: "null",
    });
  let store = etcd();
  await until("etcd", async () => /true/.test((await shell(host, "curl -s http://127.0.0.1:2379/health")).stdout));
  const running = new Foreground(host, ...master, "/var/lib/d8s", "--store", "etcd=http://127.0.0.1:2379");
  await until("the API server", async () => /default/.test(await attempt(kubectl, "get", "namespaces")));
  await kubectl("create", "configmap", "before", "--from-literal=a=b");
  store.kill("SIGKILL");
  await store.status;
  assert.doesNotMatch(
    await attempt(kubectl, "create", "configmap", "during", "--from-literal=a=b", "--request-timeout=20s"),
    /created/,
  );
  store = etcd();
  await until(
    "a write",
    async () => /created/.test(await attempt(kubectl, "create", "configmap", "after", "--from-literal=a=b")),
  );
  assert.match(await kubectl("get", "configmaps", "-o", "name"), /after[\s\S]*before/);
  await running.end("SIGTERM");
  store.kill("SIGKILL");
  await store.status;
});

Deno.test("docker dies under the pods: the node says so, and all runs again by itself when it is back", async () => {
  await using host = await testHost();
  await using old = await debianKubectl();
  const kubectl = kubectlIn(host, await machineKubectl() ?? old.path);
  let docker = await host.startDocker();
  const up = new Foreground(host, "up", "--no-install");
  await up.printed(/Ctrl-C stops d8s/);
  docker.kill("SIGKILL");
  await docker.status;
  await until("a node that is not ready", async () => /NotReady/.test(await kubectl("get", "nodes")));
  assert.match(await kubectl("describe", "node", host.name), /docker/);
  const status: RunResult = await host.run(d8s("status"), { check: false, cwd: root });
  assert.notEqual(status.code, 0);
  assert.match(status.stdout, /is not ready.*container runtime/);
  await shell(host, "rm -f /run/docker.pid /run/docker/containerd/containerd.pid");
  docker = await host.startDocker();
  await until("a ready node", async () => / Ready/.test(await kubectl("get", "nodes")));
  await until(
    "three ready pods",
    async () =>
      await kubectl("-n", "hello", "get", "deployment", "hello", "-o", "jsonpath={.status.readyReplicas}") === "3",
  );
  await until(
    "the example's answer",
    async () => /Hello/.test((await shell(host, "curl -sf --max-time 2 http://127.0.0.1:30080/")).stdout),
  );
  await up.end("SIGTERM");
});

Deno.test("who proves nothing reads nothing but health and version, and a wrong proof is refused", async () => {
  await using host = await testHost();
  const running = new Foreground(host, ...master, "/var/lib/d8s");
  await until(
    "the API server",
    async () => /ok/.test((await shell(host, "curl -sk https://127.0.0.1:6443/readyz")).stdout),
  );
  const code = async (path: string, ...flags: string[]) =>
    (await host.run([
      "curl",
      "-sk",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      ...flags,
      `https://127.0.0.1:6443${path}`,
    ])).stdout;
  assert.equal(await code("/version"), "200");
  assert.match(await code("/api/v1/secrets"), /40[13]/);
  assert.equal(await code("/api/v1/secrets", "-H", "Authorization: Bearer not-a-token"), "401");
  const forged =
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/O=system:masters/CN=admin" -keyout ${host.folder}/k -out ${host.folder}/c`;
  await shell(host, forged);
  assert.match(await code("/api/v1/secrets", "--cert", `${host.folder}/c`, "--key", `${host.folder}/k`), /40[13]|000/);
  const plain = await host.run(["curl", "-s", "http://127.0.0.1:6443/version"], { check: false });
  assert.doesNotMatch(plain.stdout, /gitVersion/);
  await running.end("SIGTERM");
});
