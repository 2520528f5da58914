/**
 * The table of built-in types: text that fits on a page per type, made by `generate.ts`, linked on demand by `link.ts`.
 *
 * A struct is a list of lines, one a field, in order of protobuf number:
 * `NAME NUMBER TYPE [optional] [written] [listType=..] [keys=a,b] [atomic] [patch=..] [mergeKey=..] [proto=..] [default=JSON]`.
 * NAME `~` is an embedded struct whose fields stand in the parent; NUMBER 0 has no protobuf form; `written` is
 * printed even when empty; a first line `atomic`
 * says that server-side apply owns the struct as a whole. TYPE is a scalar, `any:WIRE`, `package/version.Type`, and
 * before it `*` (pointer), `[]` (list) or `{}` (map with string keys). An alias line is `TYPE [JSON list of values]`.
 */
export interface Table {
  /** The Kubernetes minor version that the types are of. */
  readonly version: string;
  /** Of `aliases` and `structs`; tells a hand-edited table from a generated one. */
  readonly sha256: string;
  readonly aliases: Readonly<Record<string, string>>;
  readonly structs: Readonly<Record<string, readonly string[]>>;
}

export interface FieldLine {
  readonly name: string;
  readonly protoNumber: number;
  readonly type: string;
  readonly optional: boolean;
  readonly written: boolean;
  readonly atomic: boolean;
  readonly options: Readonly<Record<string, string>>;
}

/** Parses one line of a struct. A default is JSON and stands last, so it may hold blanks. */
export function parseFieldLine(line: string): FieldLine {
  const [name = "", number = "0", type = "", ...words] = line.split(" ");
  const options: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0) options[word.slice(0, equals)] = word.slice(equals + 1);
  }
  const at = line.indexOf(" default=");
  if (at > 0) options.default = line.slice(at + " default=".length);
  return {
    name,
    protoNumber: Number(number),
    type,
    optional: words.includes("optional"),
    written: words.includes("written"),
    atomic: words.includes("atomic"),
    options,
  };
}

/** SHA-256 in hex of the table's content in canonical order. */
export async function hashOfTable(
  aliases: Readonly<Record<string, string>>,
  structs: Readonly<Record<string, readonly string[]>>,
): Promise<string> {
  const sorted = (entries: [string, unknown][]) => entries.sort(([a], [b]) => a < b ? -1 : 1);
  const text = JSON.stringify([sorted(Object.entries(aliases)), sorted(Object.entries(structs))]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
