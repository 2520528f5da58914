/**
 * Which of the two iptables a machine uses. The kernel keeps the rules of both, and applies both; rules of ours must be
 * where docker's and the administrator's are, or neither can accept what the other drops.
 */
import type { Run } from "../command.ts";

export interface Iptables {
  readonly iptables: string;
  readonly save: string;
  readonly restore: string;
}

const usual: Iptables = { iptables: "iptables", save: "iptables-save", restore: "iptables-restore" };

function named(variant: "nft" | "legacy"): Iptables {
  return {
    iptables: `iptables-${variant}`,
    save: `iptables-${variant}-save`,
    restore: `iptables-${variant}-restore`,
  };
}

/** The one that has more rules; the distribution's choice when neither has any. */
export async function detectIptables(run: Run): Promise<Iptables> {
  const [nft, legacy] = await Promise.all([countRules(run, "nft"), countRules(run, "legacy")]);
  if (nft === legacy) return usual;
  return named(nft > legacy ? "nft" : "legacy");
}

async function countRules(run: Run, variant: "nft" | "legacy"): Promise<number> {
  try {
    const { code, stdout } = await run([named(variant).save]);
    return code === 0 ? stdout.split("\n").filter((line) => line.startsWith("-A ")).length : 0;
  } catch (error) {
    // A machine may have only one of them.
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
