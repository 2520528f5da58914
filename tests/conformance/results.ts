/** `results.tsv`: one line a test (name, state, seconds), sorted by name, true to the last run of each. */

export interface Result {
  readonly state: "passed" | "failed" | "skipped";
  readonly seconds: number;
}

export function parseResults(text: string): Map<string, Result> {
  const results = new Map<string, Result>();
  for (const line of text.split("\n")) {
    const [name, state, seconds] = line.split("\t");
    if (name && state && seconds) results.set(name, { state: state as Result["state"], seconds: Number(seconds) });
  }
  return results;
}

export function renderResults(results: ReadonlyMap<string, Result>): string {
  const lines = [...results].map(([name, { state, seconds }]) => `${name}\t${state}\t${seconds.toFixed(1)}\n`);
  return lines.sort().join("");
}

/** The states in a JUnit report as ginkgo writes it. */
export function parseJunit(xml: string): Map<string, Result> {
  const results = new Map<string, Result>();
  for (const [, attributes = ""] of xml.matchAll(/<testcase ([^>]*)>/g)) {
    const name = attribute(attributes, "name").replace(/^\[It\] /, "").replace(/\s+/g, " ").replace(
      /(\[Conformance\]).*$/,
      "$1",
    );
    const status = attribute(attributes, "status");
    const state = status === "passed" ? "passed" : status === "skipped" ? "skipped" : "failed";
    // A report names every test of the binary; those outside of the focus took no time.
    const seconds = Number(attribute(attributes, "time"));
    if (state !== "skipped" || seconds > 0) results.set(name, { state, seconds });
  }
  return results;
}

const entities: Record<string, string> = { quot: '"', amp: "&", lt: "<", gt: ">", apos: "'", "#34": '"', "#39": "'" };

function attribute(attributes: string, name: string): string {
  const [, value = ""] = new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes) ?? [];
  return value.replace(/&([#a-z0-9]+);/g, (all, entity) => entities[entity] ?? all);
}
