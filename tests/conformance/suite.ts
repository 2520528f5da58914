/** The official suite as data: which tests there are, and the focus that selects some of them. */

export interface ConformanceTest {
  /** `api`: API server and controllers only; `workload`: containers run; `kubectl`: through the command. */
  readonly class: string;
  readonly name: string;
  /** May not run beside others. */
  readonly serial: boolean;
}

export interface Selection {
  /** Empty: every class. */
  readonly classes: readonly string[];
  /** Only names that match. */
  readonly focus?: RegExp;
  /** Only these names; used to run again what failed. */
  readonly names?: ReadonlySet<string>;
}

/** Reads lines of class, tab, name. */
export function parseTests(text: string): ConformanceTest[] {
  return text.split("\n").filter(Boolean).map((line) => {
    const [kind = "", name = ""] = line.split("\t");
    return { class: kind, name, serial: /\[Serial\]|\[Disruptive\]/.test(name) };
  });
}

export function select(tests: readonly ConformanceTest[], { classes, focus, names }: Selection): ConformanceTest[] {
  return tests.filter((test) =>
    (classes.length === 0 || classes.includes(test.class)) &&
    (!focus || focus.test(test.name)) &&
    (!names || names.has(test.name))
  );
}

/** A regular expression in Go's syntax that matches these names and no other. */
export function focusOf(tests: readonly ConformanceTest[]): string {
  return tests.map(({ name }) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|");
}

/** Batches that a process each runs: small enough that a broken-off run has lost little. */
export function batchesOf(tests: readonly ConformanceTest[], size: number): ConformanceTest[][] {
  const batches: ConformanceTest[][] = [];
  for (let i = 0; i < tests.length; i += size) batches.push(tests.slice(i, i + size));
  return batches;
}
