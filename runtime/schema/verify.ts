/**
 * `deno task verify`: is the committed table of types whole, consistent and as generated? Needs no facts.
 */
import table from "./table/v1_36.json" with { type: "json" };
import { hashOfTable, parseFieldLine } from "./builtin/table.ts";
import { structNamed } from "./builtin/link.ts";
import { builtinResources } from "./builtin/resources.ts";

/** Every fault in plain words; none when the table is good. */
export async function faultsOfTable(): Promise<string[]> {
  const faults: string[] = [];
  if (await hashOfTable(table.aliases, table.structs) !== table.sha256) {
    faults.push("the table was changed by hand: its hash is not the one it carries");
  }
  for (const [name, lines] of Object.entries(table.structs as Record<string, string[]>)) {
    faults.push(...faultsOfStruct(name, lines));
  }
  for (const resource of builtinResources) {
    if (!resource.type.fields.size) faults.push(`${resource.kind} has no fields`);
  }
  return faults;
}

function faultsOfStruct(name: string, lines: readonly string[]): string[] {
  const faults: string[] = [];
  const numbers = new Set<number>();
  for (const line of lines.filter((text) => text !== "atomic").map(parseFieldLine)) {
    if (line.protoNumber > 0 && numbers.has(line.protoNumber)) faults.push(`${name}: number ${line.protoNumber} twice`);
    numbers.add(line.protoNumber);
  }
  try {
    structNamed(name)?.fields.size;
  } catch (error) {
    faults.push(`${name}: ${(error as Error).message}`);
  }
  return faults;
}

if (import.meta.main) {
  const faults = await faultsOfTable();
  faults.forEach((fault) => console.error(fault));
  if (faults.length > 0) Deno.exit(1);
  console.log(
    `the table of types is whole: ${Object.keys(table.structs).length} types, ${builtinResources.length} kinds`,
  );
}
