import assert from "node:assert/strict";
import { runCommand } from "../support/run_command.ts";

const module = new URL("../../runtime/cli/foreground.ts", import.meta.url);

/** A program that cannot stop by itself. */
function stopping(failure: string): string {
  return `import { stopInTime } from "${module}";
    const busy = setInterval(() => {}, 1000);
    await stopInTime(() => new Promise(() => busy), console.log, ${failure});`;
}

Deno.test("what does not stop in time is ended; why it had to stop is told, and the exit code says so", async () => {
  const run = (failure: string) => runCommand([Deno.execPath(), "eval", stopping(failure)], { check: false });
  const [asked, failed] = await Promise.all([run("undefined"), run('new Error("no such docker")')]);
  assert.equal(asked.code, 0);
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /no such docker/);
});
