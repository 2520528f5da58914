/**
 * Brings the kernel's rules into line with a `Ruleset`, one `iptables-restore --noflush` for each change.
 *
 * The first write reads what is there, so that chains of an earlier process are taken over or deleted. After a failure it
 * reads again.
 */
import { type Run, runChecked } from "../command.ts";
import { type ChainOwner, jumpsText, missingJumps, parseSaved, removalText, type Saved } from "./jumps.ts";
import { restoreText, type Ruleset, tables } from "./ruleset.ts";
import { detectIptables, type Iptables } from "./variant.ts";

export interface RuleWriter {
  /** Whether anything had to change. */
  write(rules: Ruleset): Promise<boolean>;
  /** Looks whether somebody flushed our rules; if so, the next write writes all of them. */
  intact(): Promise<boolean>;
}

const wait = ["-w", "5"];

export function ruleWriter(owner: ChainOwner, run: Run): RuleWriter {
  let programs: Iptables | undefined;
  let known: Ruleset | undefined;
  return {
    async write(rules) {
      programs ??= await detectIptables(run);
      const saved = known ? undefined : parseSaved(await runChecked(run, [programs.save]), owner);
      const text = restoreText(known ?? unknownRules(saved!), rules) +
        (saved ? jumpsText(missingJumps(saved, owner)) : "");
      known = undefined;
      if (text) await runChecked(run, [programs.restore, ...wait, "--noflush"], text);
      known = rules;
      return text !== "";
    },
    async intact() {
      if (!known || !programs) return true;
      const saved = parseSaved(await runChecked(run, [programs.save]), owner);
      if (isIntact(saved, known, owner)) return true;
      known = undefined;
      return false;
    },
  };
}

/** Takes away every chain and jump of `owner`, in both variants, where `when` agrees to what is there. */
export async function removeRules(
  owner: ChainOwner,
  run: Run,
  when: (saved: Saved) => boolean = () => true,
): Promise<void> {
  for (const variant of ["nft", "legacy"]) {
    const saved = await run([`iptables-${variant}-save`]).catch(ifMissing);
    if (!saved || saved.code !== 0) continue;
    const found = parseSaved(saved.stdout, owner);
    const text = when(found) ? removalText(found) : "";
    if (text) await runChecked(run, [`iptables-${variant}-restore`, ...wait, "--noflush"], text);
  }
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** Chains whose rules are not known, and so differ from whatever is wanted. */
function unknownRules(saved: Saved): Ruleset {
  const chains = (names: ReadonlyMap<string, number>) => new Map([...names.keys()].map((name) => [name, ["?"]]));
  return { nat: chains(saved.nat.chains), filter: chains(saved.filter.chains) };
}

/** Every chain has as many rules as we wrote, and every jump is there: what a flush cannot leave as it was. */
function isIntact(saved: Saved, known: Ruleset, owner: ChainOwner): boolean {
  const whole = tables.every((table) =>
    [...known[table]].every(([chain, rules]) => saved[table].chains.get(chain) === rules.length)
  );
  return whole && missingJumps(saved, owner).length === 0;
}
