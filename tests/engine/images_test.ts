/** The images that a node makes itself. */
import assert from "node:assert/strict";
import { pauseElf } from "../../runtime/engine/mod.ts";
import { parseLdd } from "../../runtime/engine/images/linked_libraries.ts";
import { tarStream } from "../../runtime/engine/images/tar.ts";

const architecture = Deno.build.arch === "aarch64" ? "arm64" : "amd64";

async function writeProgram(folder: string): Promise<string> {
  const path = `${folder}/pause`;
  await Deno.writeFile(path, pauseElf(architecture), { mode: 0o755 });
  return path;
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`the pause process waits, and exits with 0 on ${signal}`, () =>
    withFolder(async (folder) => {
      const child = new Deno.Command(await writeProgram(folder)).spawn();
      await until(() => waits(child.pid));
      child.kill(signal);
      assert.equal((await child.status).code, 0);
    }));
}

Deno.test("the pause process given an argument leaves the network namespace and gives up every capability", () =>
  withFolder(async (folder) => {
    const child = new Deno.Command(await writeProgram(folder), { args: ["own-network"] }).spawn();
    await until(() => waits(child.pid));
    assert.notEqual(await Deno.readLink(`/proc/${child.pid}/ns/net`), await Deno.readLink("/proc/self/ns/net"));
    assert.match(await Deno.readTextFile(`/proc/${child.pid}/status`), /^CapEff:\s*0+$/m);
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
  }));

Deno.test("the pause process as pid 1 reaps orphans and obeys SIGTERM", () =>
  withFolder(async (folder) => {
    const pause = await writeProgram(folder);
    // The shell leaves an orphan that ends at once, then becomes the pause process: the orphan is its child.
    const script = `sh -c 'true & :' ; sleep 0 & exec ${pause}`;
    const child = new Deno.Command("unshare", { args: ["--pid", "--fork", "--kill-child", "sh", "-c", script] })
      .spawn();
    const inner = await until(async () => {
      const children = await Deno.readTextFile(`/proc/${child.pid}/task/${child.pid}/children`).catch(() => "");
      const pid = Number(children.trim());
      return pid > 0 && await waits(pid) ? pid : undefined;
    });
    await until(async () => (await Deno.readTextFile(`/proc/${inner}/task/${inner}/children`)).trim() === "");
    Deno.kill(inner, "SIGTERM");
    assert.equal((await child.status).code, 0);
  }));

/** The program has come to its wait: the kernel says in which system call it sleeps (rt_sigtimedwait). */
async function waits(pid: number): Promise<boolean> {
  const call = await Deno.readTextFile(`/proc/${pid}/syscall`).catch(() => "");
  return call.startsWith(architecture === "amd64" ? "128 " : "137 ");
}

async function until<T>(test: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 5000; tries++) {
    const found = await test();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("what was waited for did not come");
}

Deno.test("the pause program is an ELF of a few hundred bytes for each architecture", () => {
  for (const [name, machine] of [["amd64", 62], ["arm64", 183]] as const) {
    const bytes = pauseElf(name);
    assert.ok(bytes.length < 512);
    assert.deepEqual([...bytes.subarray(0, 4)], [0x7f, 0x45, 0x4c, 0x46]);
    assert.equal(new DataView(bytes.buffer).getUint16(18, true), machine);
  }
});

Deno.test("tar reads what the tar stream wrote", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/source`, "x".repeat(1000));
    const stream = tarStream([
      { type: "directory", path: "a/", mode: 0o755 },
      { type: "bytes", path: "a/b", mode: 0o600, bytes: new TextEncoder().encode("hello") },
      { type: "link", path: "a/l", target: "b" },
      { type: "file", path: "c", mode: 0o755, source: `${folder}/source` },
    ]);
    await Deno.writeFile(`${folder}/t.tar`, stream);
    const { stdout } = await new Deno.Command("tar", { args: ["-tvf", `${folder}/t.tar`] }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.split(/\s+/));
    assert.deepEqual(lines.map(([mode, , size]) => `${mode} ${size}`), [
      "drwxr-xr-x 0",
      "-rw------- 5",
      "lrwxrwxrwx 0",
      "-rwxr-xr-x 1000",
    ]);
  }));

Deno.test("the libraries of an executable are read from ldd's lines", () => {
  const text = "\tlinux-vdso.so.1 (0x7f)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x1)\n\t/lib64/ld-linux-x86-64.so.2 (0x2)\n";
  assert.deepEqual(parseLdd(text), ["/lib/x/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]);
});
