/**
 * The tables and the synchronous operations on them; runs inside the worker.
 *
 * `history` holds every revision until it is compacted, `live` the newest revision of each key that exists, `expiry` when
 * a key removes itself. A row of `history` knows the row that it replaced (`previous`), so compaction walks forward over
 * revisions and deletes what each row replaced: small slices, no search.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { prefixEnd } from "../prefix.ts";
import { type Entry, type ListAnswer, type ListRequest, type StoreChange, StoreError } from "../store.ts";
import type { History, Write, Written } from "./messages.ts";

/** Of the layout below. A file with a higher one was written by a newer d8s. */
const layout = 1;

const tables = `
  CREATE TABLE IF NOT EXISTS history (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value BLOB,               -- NULL: the key was deleted
    created INTEGER NOT NULL,
    previous INTEGER NOT NULL -- revision that this one replaced, 0: none
  );
  CREATE INDEX IF NOT EXISTS history_of_key ON history (key, revision);
  CREATE TABLE IF NOT EXISTS live (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS expiry (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS expiry_at ON expiry (at);
  CREATE TABLE IF NOT EXISTS compaction (id INTEGER PRIMARY KEY CHECK (id = 1), wanted INTEGER, reached INTEGER);
  INSERT OR IGNORE INTO compaction VALUES (1, 0, 0);
`;

type Row = { key: string; value: Uint8Array | null; revision: number; created: number; previous: number };

/** Free pages that one slice of compaction returns to the disk. */
const sliceVacuumPages = 256;

/** The log grows by so many pages before they are moved into the file: hot ones once for some thousand writes. */
const longLog = 4000;

/** Above every code point that a key may hold, so that an open range has an end. */
const beyondAll = "\u{10ffff}";

export class Database {
  #db: DatabaseSync;
  #statements = new Map<string, StatementSync>();
  #revision: number;
  /** What was asked to be forgotten, and how far the slices have come. */
  #compaction: { wanted: number; reached: number };

  /** Opens or creates the file. Throws a StoreError `refused` when it is in use, damaged, or from a newer d8s. */
  constructor(path: string) {
    this.#db = openFile(path);
    this.#compaction = this.#one("SELECT wanted, reached FROM compaction") as { wanted: number; reached: number };
    const newest = this.#one("SELECT max(revision) AS revision FROM history") as { revision: number | null };
    this.#revision = Math.max(newest.revision ?? 1, this.#compaction.wanted, 1);
  }

  get revision(): number {
    return this.#revision;
  }

  /** All of them in one transaction, each judged after the ones before it. When it throws, none has happened. */
  write(writes: readonly Write[], now: number): Written[] {
    const before = this.#revision;
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const written = writes.map((write) => this.#write(write, now));
      this.#db.exec("COMMIT");
      return written;
    } catch (error) {
      this.#revision = before;
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Moves the pages of a log that has become long into the file. That takes some ten milliseconds, which sqlite by itself would
   * add to whichever commit made the log long; here it is for a moment when nobody waits for an answer.
   */
  moveLog(): void {
    const { log, checkpointed } = this.#one("PRAGMA wal_checkpoint(NOOP)") as { log: number; checkpointed: number };
    if (log - checkpointed < longLog) return;
    try {
      this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // A full disk. The log is as good as the file; that writes fail is told to who writes.
    }
  }

  get(key: string): Entry | undefined {
    const row = this.#one("SELECT h.* FROM live l JOIN history h ON h.revision = l.revision WHERE l.key = ?", key);
    return row ? entryOf(row as Row) : undefined;
  }

  list({ prefix, startAfter = "", limit = 0, revision }: ListRequest): ListAnswer {
    const at = revision ?? this.#revision;
    this.#mustHave(at);
    const range = [startAfter >= prefix ? startAfter + "\0" : prefix, prefixEnd(prefix) ?? beyondAll] as const;
    const source = at === this.#revision ? present : past;
    const bounds = at === this.#revision ? range : [...range, at];
    const rows = this.#all(`SELECT h.* ${source} ORDER BY h.key LIMIT ?`, ...bounds, limit || -1) as Row[];
    const total = limit && rows.length === limit ? this.#count(source, bounds) : rows.length;
    return { entries: rows.map(entryOf), revision: at, remaining: total - rows.length };
  }

  count(prefix: string): number {
    const row = this.#one(
      "SELECT count(*) AS n FROM live WHERE key >= ? AND key < ?",
      prefix,
      prefixEnd(prefix) ?? beyondAll,
    );
    return (row as { n: number }).n;
  }

  /** Every change under the prefix after a revision. */
  history(prefix: string, after: number): History {
    if (after < this.#compaction.wanted) throw compacted(after, this.#compaction.wanted);
    const rows = this.#all(
      "SELECT * FROM history WHERE revision > ? AND key >= ? AND key < ? ORDER BY revision",
      after,
      prefix,
      prefixEnd(prefix) ?? beyondAll,
    ) as Row[];
    return { changes: rows.map((row) => this.#changeOf(row)), revision: this.#revision };
  }

  /** From now on nothing before `revision` can be read; `compactSlice` then frees the space. */
  compact(revision: number): void {
    if (revision > this.#revision) {
      throw new StoreError("future", `revision ${revision} is not there yet, the newest is ${this.#revision}`);
    }
    if (revision <= this.#compaction.wanted) return;
    this.#compaction.wanted = revision;
    this.#run("UPDATE compaction SET wanted = ?", revision);
  }

  /** Frees what at most `rows` revisions replaced, and returns some free pages to the disk. True when there is more to do. */
  compactSlice(rows: number): boolean {
    const { wanted, reached } = this.#compaction;
    if (reached < wanted) this.#forget(reached, Math.min(wanted, reached + rows));
    this.#db.exec(`PRAGMA incremental_vacuum(${sliceVacuumPages})`);
    const { freelist_count } = this.#one("PRAGMA freelist_count") as { freelist_count: number };
    return this.#compaction.reached < wanted || freelist_count > 0;
  }

  /** Deletes the keys whose time has come. */
  expire(now: number): StoreChange[] {
    const due = this.#all("SELECT key FROM expiry WHERE at <= ? ORDER BY at LIMIT 500", now) as { key: string }[];
    const writes = due.flatMap(({ key }) => {
      const entry = this.get(key);
      return entry ? [{ key, expected: entry.revision }] : [];
    });
    const written = this.write(writes, now);
    return written.flatMap((answer, i) =>
      answer.ok
        ? [{ type: "delete" as const, key: writes[i]!.key, revision: answer.revision, previous: answer.deleted }]
        : []
    );
  }

  /** When the next key expires, in milliseconds since the epoch. */
  nextExpiry(): number | undefined {
    return (this.#one("SELECT min(at) AS at FROM expiry") as { at: number | null }).at ?? undefined;
  }

  /** Bytes of the file, without its write-ahead log. */
  size(): number {
    const pages = this.#one("PRAGMA page_count") as { page_count: number };
    const size = this.#one("PRAGMA page_size") as { page_size: number };
    return pages.page_count * size.page_size;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #write({ key, value, expected, ttlSeconds, keepTtl }: Write, now: number): Written {
    const row = this.#one(
      "SELECT h.revision, h.created FROM live l JOIN history h ON h.revision = l.revision WHERE l.key = ?",
      key,
    ) as
      | Pick<Row, "revision" | "created">
      | undefined;
    if ((row?.revision ?? 0) !== expected) return { ok: false, current: this.get(key), revision: this.#revision };
    if (value === undefined && !row) return { ok: true, revision: this.#revision };
    const deleted = value === undefined ? this.get(key) : undefined;
    const revision = this.#revision + 1;
    this.#run(
      "INSERT INTO history VALUES (?, ?, ?, ?, ?)",
      revision,
      key,
      value ?? null,
      row?.created ?? revision,
      expected,
    );
    this.#revision = revision;
    if (value === undefined) this.#run("DELETE FROM live WHERE key = ?", key);
    else {this.#run(
        "INSERT INTO live VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision",
        key,
        revision,
      );}
    if (ttlSeconds) this.#run("INSERT OR REPLACE INTO expiry VALUES (?, ?)", key, now + ttlSeconds * 1000);
    else if (row && !keepTtl) this.#run("DELETE FROM expiry WHERE key = ?", key);
    return { ok: true, revision, created: row?.created ?? revision, deleted };
  }

  #forget(reached: number, to: number): void {
    const replaced = "SELECT previous FROM history WHERE revision > ? AND revision <= ?";
    this.#db.exec("BEGIN IMMEDIATE");
    this.#run(`DELETE FROM history WHERE revision IN (${replaced})`, reached, to);
    this.#run("DELETE FROM history WHERE revision > ? AND revision <= ? AND value IS NULL", reached, to);
    this.#run("UPDATE compaction SET reached = ?", to);
    this.#db.exec("COMMIT");
    this.#compaction.reached = to;
  }

  #changeOf(row: Row): StoreChange {
    if (row.value !== null) return { type: "put", entry: entryOf(row) };
    const previous = this.#one("SELECT * FROM history WHERE revision = ?", row.previous) as Row | undefined;
    return { type: "delete", key: row.key, revision: row.revision, previous: previous && entryOf(previous) };
  }

  #mustHave(revision: number): void {
    if (revision < this.#compaction.wanted) throw compacted(revision, this.#compaction.wanted);
    if (revision > this.#revision) {
      throw new StoreError("future", `revision ${revision} is not there yet, the newest is ${this.#revision}`);
    }
  }

  #count(source: string, bounds: readonly (string | number)[]): number {
    return (this.#one(`SELECT count(*) AS n ${source}`, ...bounds) as { n: number }).n;
  }

  #one(sql: string, ...values: (string | number)[]): unknown {
    return this.#prepared(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): unknown[] {
    return this.#prepared(sql).all(...values);
  }

  #run(sql: string, ...values: (string | number | Uint8Array | null)[]): void {
    this.#prepared(sql).run(...values);
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }
}

const present = "FROM live l JOIN history h ON h.revision = l.revision WHERE l.key >= ? AND l.key < ?";

/** The newest row of each key up to a revision, without the keys whose newest row deletes them. */
const past = `FROM history h WHERE h.revision IN
  (SELECT max(revision) FROM history WHERE key >= ? AND key < ? AND revision <= ? GROUP BY key) AND h.value IS NOT NULL`;

function entryOf({ key, value, revision, created }: Row): Entry {
  return { key, value: value ?? new Uint8Array(), revision, created };
}

function compacted(revision: number, since: number): StoreError {
  return new StoreError("compacted", `revision ${revision} has been compacted, the oldest is ${since}`);
}

function openFile(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    // One process owns the file: no shared-memory index, and a second one is told so at once.
    db.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
    );
    db.exec("PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16000");
    const { user_version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
    if (user_version > layout) {
      throw new StoreError(
        "refused",
        `${path} was written by a newer d8s (layout ${user_version}, this one knows ${layout}); run that version, or restore a backup`,
      );
    }
    db.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version = ${layout}; COMMIT`);
    return db;
  } catch (error) {
    db.close();
    throw error instanceof StoreError
      ? error
      : new StoreError("refused", `cannot open ${path}: ${cause(error)}`, { cause: error });
  }
}

function cause(error: unknown): string {
  const { message } = error as Error;
  return message.includes("locked") ? "another process has it open; stop that one first" : message;
}
