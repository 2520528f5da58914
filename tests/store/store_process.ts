/**
 * A process that holds a sqlite store and does what its standard input says, one JSON line each; a test kills it -9 and
 * remembers itself what was acknowledged.
 */
import { openSqliteStore } from "../../runtime/store/mod.ts";

const store = await openSqliteStore({ path: Deno.args[0]! });
const say = (line: unknown) => Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
say({ ready: true });
let rest = "";
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const { key } = JSON.parse(line) as { key: string };
    void store.put(key, new TextEncoder().encode(key), { expected: 0 }).then((answer) => say({ key, answer }));
  }
}
