/** The program as it is called, in a process of its own. */
import assert from "node:assert/strict";
import { settingNames } from "../../runtime/cli/command_line.ts";

const program = new URL("../../mod.ts", import.meta.url).pathname;

async function d8s(...args: string[]) {
  const env = { NO_COLOR: "1", COLUMNS: "200" };
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "--quiet", "-A", program, ...args], env });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("each command explains itself with an example", async () => {
  for (const command of ["", "up", "master", "node", "token", "status", "down"]) {
    const { code, out } = await d8s(...(command ? [command] : []), "--help");
    assert.equal(code, 0, command);
    assert.match(out, /Examples?:\n {2}deno task /, command);
  }
});

Deno.test("every setting of the config file is a flag", async () => {
  const help = (await Promise.all(["up", "node"].map((command) => d8s(command, "--help")))).map(({ out }) => out)
    .join();
  for (const name of settingNames) {
    assert.match(help, new RegExp(`--${name === "install" ? "no-install" : name}[ \n]`), name);
  }
});

Deno.test("version names d8s, Kubernetes and Deno", async () => {
  assert.match((await d8s("version")).out, /^d8s \d+\.\d+\.\d+, Kubernetes v1\.36\.\d+, Deno 2\./);
});

Deno.test("what is wrong is said in one line, without a stack, with exit status 1", async () => {
  const wrong: [string[], RegExp][] = [
    [["upp"], /unknown command 'upp'/],
    [["up", "--port", "http"], /^d8s: --port: must be a port number$/m],
    [["up", "--nonsense"], /unknown option '--nonsense'/],
    [["status", "--data-dir", "/nowhere"], /^d8s: there is no cluster in \/nowhere: start one with d8s up/m],
    [["status", "--config", "/nowhere/c.yaml"], /there is no file \/nowhere\/c\.yaml/],
    [["node"], /--server is needed/],
    [["token", "create", "--ttl", "soon"], /--ttl soon: say how long/],
  ];
  for (const [args, message] of wrong) {
    const { code, err } = await d8s(...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, message);
    assert.ok(!/\n\s+at /.test(err), err);
  }
});

Deno.test("completion knows the commands", async () => {
  assert.match((await d8s("complete", "--", "to")).out, /^token\t/m);
});
