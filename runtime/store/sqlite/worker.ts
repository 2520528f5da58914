/**
 * The thread that owns the file: sqlite's calls block, so the event loop of the API server never makes one. Asks are
 * answered in order; compaction and expiry run in slices between them.
 */
import { StoreError } from "../store.ts";
import { Database } from "./database.ts";
import type { Ask, Tell } from "./messages.ts";

/** Revisions that one compaction slice walks over: a few milliseconds. */
const sliceRows = 500;

interface WorkerScope {
  onmessage: ((event: MessageEvent<{ id: number; ask: Ask }>) => void) | null;
  postMessage(message: Tell): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
let database: Database | undefined;
let expiryTimer: ReturnType<typeof setTimeout> | undefined;
let compacting = false;

scope.onmessage = ({ data: { id, ask } }) => {
  try {
    scope.postMessage({ type: "answer", id, value: answer(ask) });
  } catch (error) {
    scope.postMessage({ type: "error", id, ...describe(error) });
  }
  if (ask.type === "close") scope.close();
  // Whoever asked has its answer by now, and what it does with it takes about as long.
  if (ask.type === "write") database?.moveLog();
};

function answer(ask: Ask): unknown {
  if (ask.type === "open") {
    database = new Database(ask.path);
    armExpiry(database);
    startCompaction(database);
    return database.revision;
  }
  if (!database) throw new StoreError("refused", "the store is not open");
  return answerOpen(ask, database);
}

function answerOpen(ask: Exclude<Ask, { type: "open" }>, db: Database): unknown {
  switch (ask.type) {
    case "write": {
      const written = db.write(ask.writes, Date.now());
      if (ask.writes.some((write) => write.ttlSeconds)) armExpiry(db);
      return written;
    }
    case "get":
      return { entry: db.get(ask.key), revision: db.revision };
    case "list":
      return db.list(ask.request);
    case "count":
      return db.count(ask.prefix);
    case "history":
      return db.history(ask.prefix, ask.after);
    case "compact":
      db.compact(ask.revision);
      return startCompaction(db);
    case "size":
      return db.size();
    case "close":
      clearTimeout(expiryTimer);
      database = undefined;
      return db.close();
  }
}

/** One timer for the earliest key that expires; none when no key does. */
function armExpiry(db: Database): void {
  clearTimeout(expiryTimer);
  const next = db.nextExpiry();
  if (next === undefined) return;
  const wait = Math.min(Math.max(next - Date.now(), 1000), 3_600_000);
  expiryTimer = setTimeout(() => {
    const changes = db.expire(Date.now());
    if (changes.length > 0) scope.postMessage({ type: "expired", changes, revision: db.revision });
    db.moveLog();
    armExpiry(db);
  }, wait);
}

function startCompaction(db: Database): void {
  if (compacting) return;
  compacting = true;
  const slice = () => {
    compacting = database === db && db.compactSlice(sliceRows);
    if (compacting) db.moveLog();
    if (compacting) setTimeout(slice, 5);
  };
  setTimeout(slice, 0);
}

function describe(error: unknown): { reason: StoreError["reason"]; message: string } {
  if (error instanceof StoreError) return { reason: error.reason, message: error.message };
  const { message, errcode } = error as Error & { errcode?: number };
  const full = errcode === 13 || message.includes("disk is full");
  return { reason: full ? "full" : "unavailable", message: `sqlite: ${message}` };
}
