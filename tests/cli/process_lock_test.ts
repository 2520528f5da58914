import assert from "node:assert/strict";
import { openDataFolder, refuseLayout } from "../../runtime/cli/data_folder.ts";
import { AlreadyRunning, lockHolder, takeLock } from "../../runtime/cli/process_lock.ts";

const lockModule = new URL("../../runtime/cli/process_lock.ts", import.meta.url).href;

function holder(dir: string): Deno.ChildProcess {
  const code = `const { takeLock } = await import(${JSON.stringify(lockModule)});
    const lock = await takeLock(${JSON.stringify(dir)}); console.log("held"); setInterval(() => lock.path, 1000);`;
  return new Deno.Command(Deno.execPath(), { args: ["eval", code], stdin: "null", stdout: "piped" }).spawn();
}

async function inFolder(run: (dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the second d8s on a data folder is told who runs, and kill -9 of that one frees the folder", () =>
  inFolder(async (dir) => {
    const first = holder(dir);
    await first.stdout.getReader().read();
    assert.equal(await lockHolder(dir), first.pid);
    await assert.rejects(takeLock(dir), (error) => error instanceof AlreadyRunning && error.pid === first.pid);
    first.kill("SIGKILL");
    await first.status;
    assert.equal(await lockHolder(dir), undefined);
    using _mine = await takeLock(dir);
  }));

Deno.test("a folder that a newer d8s wrote is refused with cause and remedy, its own is opened again", () =>
  inFolder(async (dir) => {
    await openDataFolder(dir, "0.1.0");
    await openDataFolder(dir, "0.1.0");
    assert.match(refuseLayout('{"layout":2,"writtenBy":"9.0.0"}', "/d")!, /newer d8s \(9\.0\.0, layout 2.*--data-dir/);
    await Deno.writeTextFile(`${dir}/layout.json`, "{");
    await assert.rejects(openDataFolder(dir, "0.1.0"), /layout\.json is damaged/);
  }));
