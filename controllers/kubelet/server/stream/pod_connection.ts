/**
 * A TCP connection to a port of a pod from inside its network namespace, where `localhost` is the pod's. A Deno process can't
 * enter a namespace, so a small one is started there that only relays.
 */

/** Disposed of, it is cut off, whatever the pod would still say. */
export interface PodConnection extends AsyncDisposable {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Speaks a line first: empty when it is connected, else the reason. Tries both loopbacks. */
const relay = `
const port = Number(Deno.args[0]);
const open = () => Deno.connect({ hostname: "127.0.0.1", port }).catch(() => Deno.connect({ hostname: "::1", port }));
const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\\n"));
const pod = await open().catch((error) => (say("dial tcp 127.0.0.1:" + port + ": " + error.message), Deno.exit(1)));
say("");
const out = pod.readable.pipeTo(Deno.stdout.writable).catch(() => {});
await Deno.stdin.readable.pipeTo(new WritableStream({ write: async (b) => { for (let i = 0; i < b.length;) i += await pod.write(b.subarray(i)); }, close: () => pod.closeWrite() })).catch(() => {});
await out;
Deno.exit(0);
`;

export async function podConnection(pid: number, port: number): Promise<PodConnection> {
  const script = `data:application/javascript,${encodeURIComponent(relay)}`;
  const flags = ["run", "--quiet", "--no-config", "--no-lock", "--allow-net", script, String(port)];
  const child = new Deno.Command("nsenter", {
    args: [`--net=/proc/${pid}/ns/net`, "--", Deno.execPath(), ...flags],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { line, rest } = await firstLine(reader);
  if (line !== "") throw new Error(line);
  return {
    readable: continued(reader, rest),
    writable: child.stdin,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function firstLine(reader: Reader): Promise<{ line: string; rest: Uint8Array }> {
  let seen: number[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the relay in the pod's network ended");
    seen = [...seen, ...value];
    const end = seen.indexOf(10);
    if (end >= 0) {
      return {
        line: new TextDecoder().decode(Uint8Array.from(seen.slice(0, end))),
        rest: Uint8Array.from(seen.slice(end + 1)),
      };
    }
  }
}

function continued(reader: Reader, rest: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => rest.length > 0 ? controller.enqueue(rest) : undefined,
    async pull(controller) {
      const { value, done } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => reader.cancel(),
  });
}
