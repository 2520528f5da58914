/** The harness itself: a host that leaks would spoil every other test. */
import assert from "node:assert/strict";
import { importBusybox } from "../support/busybox_image.ts";
import { testHost } from "../support/host.ts";
import { runCommand } from "../support/run_command.ts";

Deno.test("test hosts share a link and nothing else", async () => {
  await using one = await testHost();
  await using two = await testHost();
  const server = two.spawn(["/bin/busybox", "nc", "-l", "-p", "8000", "-e", "hostname"]);
  const greeting = await one.run([
    "/bin/busybox",
    "sh",
    "-c",
    `until nc ${two.address} 8000 </dev/null; do sleep 0.05; done`,
  ]);
  await server.status;
  assert.equal(greeting.stdout.trim(), two.name);
  await one.run(["sh", "-c", "mkdir -p /var/lib/d8s /etc/cni/net.d && touch /run/here /etc/cni/net.d/here"]);
  assert.equal((await two.run(["ls", "/run/here"], { check: false })).code, 2);
  assert.equal((await runCommand(["ls", "/run/here"], { check: false })).code, 2);
});

Deno.test("a killed test run leaves no process, container, mount, link or file", async () => {
  const module = new URL("../support/host.ts", import.meta.url);
  const images = new URL("../support/busybox_image.ts", import.meta.url);
  const script = `import { testHost } from "${module}";
    import { importBusybox } from "${images}";
    const host = await testHost({ docker: true });
    await importBusybox(host);
    const { stdout } = await host.run(["docker", "run", "-d", "--network=none", "busybox:test", "sleep", "1234"]);
    console.log(JSON.stringify({ folder: host.folder, net: host.link.net, container: stdout.trim() }));
    Deno.kill(Deno.pid, "SIGKILL");`;
  const { stdout, stderr } = await runCommand([Deno.execPath(), "run", "-A", "-"], { stdin: script, check: false });
  assert.notEqual(stdout, "", stderr);
  const left: { folder: string; net: string; container: string } = JSON.parse(stdout);
  await gone(left.folder);
  assert.equal(
    (await runCommand(["sh", "-c", `grep -lsF ${left.folder} /proc/[0-9]*/mountinfo`], { check: false })).stdout,
    "",
  );
  assert.equal((await runCommand(["ip", "-o", "addr", "show", "to", `${left.net}.0/24`])).stdout, "");
  assert.equal((await runCommand(["find", "/sys/fs/cgroup", "-name", left.container])).stdout, "");
});

Deno.test("a host's docker runs containers on its own", async () => {
  await using host = await testHost({ docker: true });
  await importBusybox(host);
  const { stdout } = await host.run(["docker", "run", "--rm", "--network=none", "busybox:test", "echo", "hello"]);
  assert.equal(stdout, "hello\n");
});

/** The folder's lock is held until everything in the host has ended. */
async function gone(folder: string): Promise<void> {
  await runCommand(["sh", "-c", `exec 9<${folder}/lock && flock 9`], { check: false });
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
}
