import assert from "node:assert/strict";
import { type HostFacts, judgeHost } from "../../runtime/cli/host_checks.ts";
import { planInstall } from "../../runtime/cli/host_packages.ts";
import { refuseInstall } from "../../runtime/cli/host_preparation.ts";
import { planDaemon } from "../../runtime/cli/docker_daemon.ts";
import { portHolder } from "../../runtime/cli/port_holder.ts";

const found = { dockerd: "/d", iptables: "/i", "iptables-restore": "/r", ipset: "/s", conntrack: "/c", ip: "/ip" };
const good: HostFacts = {
  root: true,
  system: { ids: ["debian"], name: "Debian GNU/Linux 12", systemd: false },
  ports: [{ port: 6443, purpose: "API server" }],
  dataDir: { path: "/var/lib/d8s", freeBytes: 2 ** 35 },
  programs: found,
  cni: { dir: "/usr/lib/cni", missing: [] },
  docker: { host: "unix:///var/run/docker.sock", reachable: true },
  kernel: {
    release: "6.1",
    cgroups: ["cpu", "memory", "pids"],
    overlayfs: true,
    bridgeNetfilter: true,
    ipForward: true,
  },
  nowMs: Date.parse("2026-05-01T00:00:00Z"),
};
const both = { node: true };

Deno.test("a good machine has no findings and needs no packages", () => {
  assert.deepEqual(judgeHost(good, both), []);
  assert.equal(planInstall(good), undefined);
});

Deno.test("each problem names its cause and its remedy", () => {
  const cases: [Partial<HostFacts>, RegExp, RegExp][] = [
    [{ root: false }, /not root/, /sudo/],
    [
      { ports: [{ port: 6443, purpose: "API server", heldBy: "nginx (process 812)" }] },
      /port 6443, for the API server, is in use by nginx \(process 812\)/,
      /--port/,
    ],
    [{ dataDir: { path: "/d", freeBytes: 2 ** 20 } }, /only 1 MB are free for \/d/, /--data-dir/],
    [{ nowMs: 0 }, /the clock says 1970/, /timedatectl/],
    [{ kernel: { ...good.kernel, cgroups: ["cpu"] } }, /memory, pids are not there/, /cgroup_enable=memory/],
    [{ kernel: { ...good.kernel, iptablesError: "Permission denied" } }, /iptables does not work: Perm/, /modprobe/],
  ];
  for (const [change, what, remedy] of cases) {
    const [finding, ...rest] = judgeHost({ ...good, ...change }, both);
    assert.deepEqual(rest, []);
    assert.equal(finding?.level, "problem");
    assert.match(finding!.what, what);
    assert.match(finding!.remedy, remedy);
  }
});

Deno.test("a master alone needs neither root nor cgroups", () => {
  const facts = { ...good, root: false, kernel: { ...good.kernel, cgroups: [] } };
  assert.deepEqual(judgeHost(facts, { node: false }), []);
});

Deno.test("missing packages are installed by the system's own manager, and --no-install only says how", () => {
  const lacking = { ...good, programs: { ip: "/ip" }, docker: { ...good.docker, reachable: false } };
  const debian = planInstall({ ...lacking, cni: { dir: "/usr/lib/cni", missing: ["bridge"] } })!;
  assert.deepEqual(debian.packages, ["docker.io", "iptables", "ipset", "conntrack", "containernetworking-plugins"]);
  assert.equal(debian.commands!.at(-1)!.slice(0, 2).join(" "), "apt-get install");
  const centos = planInstall({
    ...lacking,
    system: { ...good.system, ids: ["centos", "rhel"] },
    programs: { dnf: "/dnf" },
  })!;
  assert.ok(centos.packages.includes("conntrack-tools") && centos.packages.includes("docker-ce"));
  assert.match(
    centos.commands!.map((command) => command.join(" ")).join("\n"),
    /config-manager --add-repo[^]*dnf install -y/,
  );
  assert.equal(refuseInstall(debian, { install: true, cniBinDir: "/x" }), undefined);
  assert.match(
    refuseInstall(debian, { install: false, cniBinDir: "/x" })!,
    /lacks docker, iptables.*with:\n {2}apt-get/,
  );
  const other = planInstall({ ...lacking, system: { ...good.system, ids: ["alpine"] } })!;
  assert.match(refuseInstall(other, { install: true, cniBinDir: "/x" })!, /install them by hand/);
});

Deno.test("a docker that answers is not installed again, and a daemon beside the usual one keeps to the data folder", () => {
  assert.equal(planInstall({ ...good, programs: { ...found, dockerd: undefined } }), undefined);
  const usual = planDaemon({ dockerHost: "unix:///var/run/docker.sock", dataDir: "/d" });
  assert.ok(usual.command.includes("--bridge=none") && usual.command.includes("--iptables=false"));
  assert.ok(!usual.command.some((word) => word.startsWith("--data-root")));
  const own = planDaemon({ dockerHost: "unix:///d/docker.sock", dataDir: "/d" });
  assert.ok(own.command.includes("--data-root=/d/docker"));
});

Deno.test("a port in use is traced to the process that holds it", () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  assert.equal(portHolder(port, "127.0.0.1"), `deno (process ${Deno.pid})`);
  listener.close();
  assert.equal(portHolder(port, "127.0.0.1"), undefined);
});
