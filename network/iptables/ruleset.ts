/**
 * iptables rules as a value, and the text for `iptables-restore --noflush` that turns one value into another.
 *
 * Only chains of our own are ever declared, flushed or deleted; the built-in chains get one jump each (see
 * iptables_writer.ts). Rules stand as they follow `-A CHAIN`.
 */

export type Table = "nat" | "filter";
export type Chains = ReadonlyMap<string, readonly string[]>;
export type Ruleset = Readonly<Record<Table, Chains>>;

export const tables: readonly Table[] = ["nat", "filter"];

export const noRules: Ruleset = { nat: new Map(), filter: new Map() };

/** Empty when nothing differs. A chain that changes is rewritten whole; the kernel swaps a table at once. */
export function restoreText(from: Ruleset, to: Ruleset): string {
  return tables.map((table) => tableText(table, from[table], to[table])).join("");
}

function tableText(table: Table, from: Chains, to: Chains): string {
  const changed = [...to].filter(([chain, rules]) => !sameRules(from.get(chain), rules));
  const gone = [...from.keys()].filter((chain) => !to.has(chain));
  if (changed.length === 0 && gone.length === 0) return "";
  const lines = [
    `*${table}`,
    // Declaring a chain empties it, which is also what must happen before one is deleted.
    ...[...changed.map(([chain]) => chain), ...gone].map((chain) => `:${chain} - [0:0]`),
    ...changed.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...gone.map((chain) => `-X ${chain}`),
    "COMMIT",
  ];
  return lines.join("\n") + "\n";
}

function sameRules(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((rule, i) => rule === b[i]);
}
