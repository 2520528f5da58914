/** What an ended container says about its end: the file that it wrote, or the end of its log if it failed without one. */
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Observed } from "./identity.ts";

const maxFileBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;

/** Empty when it said nothing. */
export async function terminationMessage(engine: Engine, observed: Observed): Promise<string> {
  const text = await readEnd(observed.messageSource);
  const wantsLog = observed.messagePolicy === "FallbackToLogsOnError" && observed.state.exitCode !== 0;
  return text === "" && wantsLog ? await logEnd(engine, observed.state.id) : text;
}

async function readEnd(path: string): Promise<string> {
  if (path === "") return "";
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - maxFileBytes), Deno.SeekMode.Start);
    const buffer = new Uint8Array(maxFileBytes);
    const count = await file.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, count));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function logEnd(engine: Engine, id: string): Promise<string> {
  const options = { follow: false, timestamps: false, tail: maxLogLines, stdout: true, stderr: true };
  const chunks: Uint8Array[] = [];
  const { signal } = new AbortController();
  for await (const { bytes } of engine.logs(id, { ...options, signal })) chunks.push(bytes);
  const all = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return new TextDecoder().decode(all.subarray(Math.max(0, all.length - maxLogBytes)));
}
