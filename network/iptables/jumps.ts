/**
 * How chains of our own hang on the built-in ones, which belong to everybody on the machine: one jump each, found again by its target in what `iptables-save` prints.
 */
import { type Table, tables } from "./ruleset.ts";

export interface Jump {
  readonly table: Table;
  /** Built-in chain. */
  readonly from: string;
  /** Matches before the jump; may be empty. */
  readonly match: string;
  readonly to: string;
  /** After what others have in the chain; default: before it. */
  readonly last?: boolean;
}

/** Who owns which chains. Whatever it doesn't own is never changed. */
export interface ChainOwner {
  owns(chain: string): boolean;
  readonly jumps: readonly Jump[];
}

/** What `iptables-save` said of one owner's chains. */
export interface SavedTable {
  /** Our chains, and how many rules each has. */
  readonly chains: ReadonlyMap<string, number>;
  /** Rules of other chains that jump into ours, as they stand: `-A PREROUTING ... -j KUBE-SERVICES`. */
  readonly jumps: readonly string[];
}

export type Saved = Readonly<Record<Table, SavedTable>>;

export function parseSaved(text: string, owner: ChainOwner): Saved {
  const empty = () => ({ chains: new Map<string, number>(), jumps: [] as string[] });
  const saved = { nat: empty(), filter: empty() };
  let table: Table | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = tables.find((name) => line === `*${name}`);
    if (table) readLine(line, saved[table], owner);
  }
  return saved;
}

function readLine(
  line: string,
  { chains, jumps }: { chains: Map<string, number>; jumps: string[] },
  owner: ChainOwner,
) {
  const declared = /^:(\S+)/.exec(line)?.[1];
  if (declared && owner.owns(declared)) chains.set(declared, 0);
  const [, from = "", target = ""] = /^-A (\S+) (?:.*?-j (\S+)$)?/.exec(line) ?? [];
  if (owner.owns(from)) chains.set(from, (chains.get(from) ?? 0) + 1);
  else if (owner.owns(target)) jumps.push(line);
}

export function missingJumps(saved: Saved, { jumps }: ChainOwner): Jump[] {
  return jumps.filter(({ table, from, to }) =>
    !saved[table].jumps.some((line) => line.startsWith(`-A ${from} `) && line.endsWith(`-j ${to}`))
  );
}

/** Restore text that adds jumps. Those at one end of a chain stand in the order given. */
export function jumpsText(jumps: readonly Jump[]): string {
  return tables.map((table) => {
    const rule = ({ match, to }: Jump) => `${match}${match && " "}-j ${to}`;
    const mine = jumps.filter((jump) => jump.table === table);
    const lines = [
      // Each goes to place 1, so the one written last stands first.
      ...mine.filter(({ last }) => !last).reverse().map((jump) => `-I ${jump.from} 1 ${rule(jump)}`),
      ...mine.filter(({ last }) => last).map((jump) => `-A ${jump.from} ${rule(jump)}`),
    ];
    return lines.length === 0 ? "" : [`*${table}`, ...lines, "COMMIT", ""].join("\n");
  }).join("");
}

/** Restore text that takes away every jump and chain that is there. */
export function removalText(saved: Saved): string {
  return tables.map((table) => {
    const { chains, jumps } = saved[table];
    if (chains.size === 0) return "";
    return [
      `*${table}`,
      ...[...chains.keys()].map((chain) => `:${chain} - [0:0]`),
      ...jumps.map((line) => line.replace("-A", "-D")),
      ...[...chains.keys()].map((chain) => `-X ${chain}`),
      "COMMIT",
      "",
    ].join("\n");
  }).join("");
}
