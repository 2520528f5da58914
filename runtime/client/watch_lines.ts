/** A watch's answer: one JSON document a line. */
import type { WatchEvent } from "../loop/client.ts";
import type { Kind, Status, Stored } from "../schema/mod.ts";
import { statusError } from "./answer.ts";

interface Frame {
  readonly type: string;
  readonly object: Record<string, unknown>;
}

/** Throws the `StatusError` of an ERROR event. A connection that breaks ends the events: the caller resumes. */
export async function* watchEvents<T>(chunks: AsyncIterable<Uint8Array>, kind: Kind<T>): AsyncIterable<WatchEvent<T>> {
  for await (const line of lines(chunks)) {
    const { type, object } = JSON.parse(line) as Frame;
    switch (type) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
        yield { type, object: object as unknown as Stored<T> };
        break;
      case "BOOKMARK":
        yield { type, resourceVersion: (object as unknown as Stored<T>).metadata.resourceVersion };
        break;
      case "ERROR":
        throw statusError(object as unknown as Status);
      default:
        throw new Error(`a watch of ${kind.plural} sent an event of unknown type "${type}"`);
    }
  }
}

/** Each character is looked at once, however the chunks fall. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  for await (const chunk of chunks) {
    const pieces = decoder.decode(chunk, { stream: true }).split("\n");
    begun.push(pieces[0]!);
    for (const piece of pieces.slice(1)) {
      const line = begun.join("");
      if (line.trim()) yield line;
      begun = [piece];
    }
  }
}
