/**
 * What writers and watchers saw of one folder of the store, held against the store's own history: the questions that
 * etcd's robustness tests ask. Pure.
 *
 * - Nothing acknowledged is lost, and nothing is there that nobody asked for.
 * - A watcher sees each change of its span once and in order, across restarts too: it never goes back, skips or repeats.
 * - A list is what had been written up to its revision, and nothing else.
 */

/** One change. `mark`: what its writer wrote, unlike every other write; absent: a deletion. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  readonly mark?: string;
}

/** One write as its writer knows it. */
export interface Attempt {
  readonly key: string;
  readonly mark?: string;
  /** `unknown`: the answer never came; it may have been done. `refused`: it was not done. */
  readonly outcome: "done" | "unknown" | "refused";
  /** Where the answer told it. */
  readonly revision?: number;
}

/** What one watcher saw without a gap of its own: after a list (or an earlier span) at `from`, up to `to`. */
export interface Span {
  readonly watcher: string;
  readonly from: number;
  to: number;
  readonly seen: Change[];
}

/** One list: the mark of each key. */
export interface Listed {
  readonly revision: number;
  readonly items: ReadonlyMap<string, string>;
}

export interface Observations {
  readonly attempts: readonly Attempt[];
  readonly spans: readonly Span[];
  readonly lists: readonly Listed[];
}

/** One sentence for each law that was broken. */
export function breaches(truth: readonly Change[], { attempts, spans, lists }: Observations): string[] {
  return [
    ...attempts.flatMap((attempt) => ofAttempt(attempt, truth)),
    ...invented(truth, attempts),
    ...spans.flatMap((span) => ofSpan(span, truth)),
    ...lists.flatMap((list) => ofList(list, truth)),
  ];
}

function ofAttempt({ key, mark, outcome, revision }: Attempt, truth: readonly Change[]): string[] {
  if (mark === undefined) return [];
  const written = truth.find((change) => change.mark === mark);
  if (outcome === "refused" && written) return [`${mark} of ${key} was refused, and is there at ${written.revision}`];
  if (outcome !== "done") return [];
  if (!written) return [`${mark} of ${key} was acknowledged at ${revision}, and is lost`];
  return written.revision === revision ? [] : [`${mark} of ${key} was told ${revision}, and is at ${written.revision}`];
}

/** Deletions have no mark: of each key there must be as many as were answered, and no more than were asked for. */
function invented(truth: readonly Change[], attempts: readonly Attempt[]): string[] {
  const marks = new Set(attempts.map(({ mark }) => mark));
  const unasked = truth.filter(({ mark }) => mark !== undefined && !marks.has(mark));
  const found = unasked.map(({ key, revision }) => `${key} changed at ${revision} and nobody asked for it`);
  for (const key of new Set(attempts.map(({ key }) => key))) {
    const deletions = attempts.filter((attempt) => attempt.key === key && attempt.mark === undefined);
    const done = deletions.filter(({ outcome }) => outcome === "done").length;
    const possible = deletions.filter(({ outcome }) => outcome !== "refused").length;
    const there = truth.filter((change) => change.key === key && change.mark === undefined).length;
    if (there < done || there > possible) found.push(`${key}: ${there} deletions, ${done} to ${possible} expected`);
  }
  return found;
}

function ofSpan({ watcher, from, to, seen }: Span, truth: readonly Change[]): string[] {
  const expected = truth.filter(({ revision }) => revision > from && revision <= to);
  const at = expected.findIndex((change, index) => !same(change, seen[index]));
  if (at < 0 && seen.length === expected.length) return [];
  const where = at < 0 ? expected.length : at;
  const words = `${watcher}, ${from} to ${to}: change ${where} is ${describe(seen[where])}`;
  return [`${words} and should be ${describe(expected[where])}`];
}

function ofList({ revision, items }: Listed, truth: readonly Change[]): string[] {
  const expected = new Map<string, string>();
  for (const change of truth) {
    if (change.revision > revision) break;
    if (change.mark === undefined) expected.delete(change.key);
    else expected.set(change.key, change.mark);
  }
  const keys = new Set([...expected.keys(), ...items.keys()]);
  return [...keys].filter((key) => expected.get(key) !== items.get(key)).map((key) =>
    `the list at ${revision} has ${items.get(key)} for ${key} and should have ${expected.get(key)}`
  );
}

function same(a: Change, b: Change | undefined): boolean {
  return a.revision === b?.revision && a.key === b.key && a.mark === b.mark;
}

function describe(change: Change | undefined): string {
  return change ? `${change.key}@${change.revision} ${change.mark ?? "deleted"}` : "missing";
}
