/** Watchers that follow the ConfigMaps as informers do: list, watch from there, go on after a break, list again on 410. */
import type { Change, Listed, Span } from "./history.ts";
import type { Master } from "./master.ts";
import { maps } from "./writers.ts";

type Reader = ReadableStreamDefaultReader<string>;

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: {
    readonly metadata: { readonly name: string; readonly resourceVersion: string };
    readonly data?: { readonly mark?: string };
  };
}

export interface Watchers {
  readonly spans: readonly Span[];
  readonly lists: readonly Listed[];
  /** Resolves when every watcher has come this far. */
  reached(revision: number): Promise<void>;
  stop(): Promise<void>;
}

export function startWatchers(master: Master, count: number): Watchers {
  const spans: Span[] = [];
  const lists: Listed[] = [];
  const newest = new Map<string, Span>();
  const open = new Set<Reader>();
  let stopped = false;
  const follow = async (watcher: string) => {
    let span: Span | undefined;
    while (!stopped) {
      try {
        if (!span) {
          const list = await listMaps(master);
          lists.push(list);
          spans.push(span = { watcher, from: list.revision, to: list.revision, seen: [] });
          newest.set(watcher, span);
        }
        if (await watchOnce(master, span, open) === "expired") span = undefined;
      } catch {
        if (!stopped) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const all = Promise.all(Array.from({ length: count }, (_, index) => follow(`watcher ${index}`)));
  return {
    spans,
    lists,
    async reached(revision) {
      while ([...newest.values()].some(({ to }) => to < revision) || newest.size < count) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop() {
      stopped = true;
      // Again and again: one may just be opening.
      const closing = setInterval(() => open.forEach((reader) => void reader.cancel()), 20);
      await all;
      clearInterval(closing);
    },
  };
}

export async function listMaps(master: Master): Promise<Listed> {
  const answer = await master.fetch(maps);
  if (!answer.ok) throw new Error(await answer.text());
  const { metadata, items } = await answer.json() as {
    metadata: { resourceVersion: string };
    items: { metadata: { name: string }; data?: { mark?: string } }[];
  };
  const marks = items.filter(({ data }) => data?.mark).map(({ metadata, data }) =>
    [metadata.name, data!.mark!] as const
  );
  return { revision: Number(metadata.resourceVersion), items: new Map(marks) };
}

/** `open` holds what ends the watch: after a broken connection, an AbortSignal does not always reach the next one. */
async function watchOnce(master: Master, span: Span, open: Set<Reader>): Promise<"ended" | "expired"> {
  const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${span.to}`;
  const answer = await master.fetch(`${maps}?${query}`);
  if (answer.status === 410) return "expired";
  if (!answer.ok) throw new Error(await answer.text());
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  open.add(reader);
  try {
    let rest = "";
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const lines = (rest + chunk.value).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (take(JSON.parse(line) as WatchEvent, span) === "expired") return "expired";
    }
    return "ended";
  } finally {
    open.delete(reader);
    await reader.cancel().catch(() => {});
  }
}

function take({ type, object }: WatchEvent, span: Span): "expired" | undefined {
  if (type === "ERROR") return "expired";
  const revision = Number(object.metadata.resourceVersion);
  if (type !== "BOOKMARK" && object.metadata.name !== "kube-root-ca.crt") {
    const mark = type === "DELETED" ? undefined : object.data?.mark;
    span.seen.push({ revision, key: object.metadata.name, mark } satisfies Change);
  }
  span.to = revision;
}
