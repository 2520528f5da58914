/**
 * Writes d8s's own table of the built-in types from a file of facts: `deno task generate FACTS.json`.
 *
 * FACTS is `package -> type -> { fields, alias?, values?, structType? }` as gathered from the published API types. The
 * table is what the program ships and reads; the facts are needed only here. See `builtin/table.ts` for its grammar.
 */
import { omittedWhenEmpty, writtenWhenEmpty } from "./builtin/empty_fields.ts";
import { hashOfTable, type Table } from "./builtin/table.ts";

interface FactField {
  type: string;
  n?: number;
  inline?: boolean;
  optional?: boolean;
  default?: string;
  listType?: string;
  listMapKeys?: string[];
  mapType?: string;
  structType?: string;
  patchStrategy?: string;
  patchMergeKey?: string;
  protoName?: string;
}

interface FactType {
  fields?: Record<string, FactField>;
  alias?: string;
  enum?: boolean;
  values?: string[];
  structType?: string;
}

type Facts = Record<string, Record<string, FactType>>;

const packages: Record<string, string> = {
  metav1: "meta/v1",
  corev1: "core/v1",
  apiv1: "core/v1",
  authenticationv1: "authentication/v1",
};
const wellKnown: Record<string, string> = {
  "meta/v1.Time": "time",
  "meta/v1.MicroTime": "microTime",
  "meta/v1.Duration": "duration",
  "meta/v1.FieldsV1": "any:fieldsV1",
  "runtime.RawExtension": "any:rawExtension",
  "intstr.IntOrString": "intOrString",
  "resource.Quantity": "quantity",
  "types.UID": "string",
  "apiextensions/v1.JSON": "any:json",
  "apiextensions/v1.JSONSchemaPropsOrArray": "any:schemaOrArray",
  "apiextensions/v1.JSONSchemaPropsOrBool": "any:schemaOrBool",
  "apiextensions/v1.JSONSchemaPropsOrStringArray": "any:schemaOrStrings",
  float64: "double",
  bool: "boolean",
};
/** Types that the facts mention and do not list. */
const unlisted: Record<string, string[]> = {
  "apiextensions/v1.CustomResourceSubresourceStatus": [],
  "meta/v1.GroupVersionKind": ["group 1 string", "version 2 string", "kind 3 string"],
  "meta/v1.GroupVersionResource": ["group 1 string", "version 2 string", "resource 3 string"],
  "meta/v1.WatchEvent": ["type 1 string", "object 2 any:rawExtension"],
};
const scalars = new Set(["string", "int32", "int64"]);
const constants: Record<string, string> = {
  AzureDataDiskCachingReadWrite: '"ReadWrite"',
  AzureSharedBlobDisk: '"Shared"',
};

/** Go type text to table type text: every name gets its package, scalars get ours. `pkg` is where the text stands. */
function typeText(facts: Facts, pkg: string, text: string): string {
  if (text === "[]byte") return "bytes";
  if (text.startsWith("*")) return "*" + typeText(facts, pkg, text.slice(1));
  if (text.startsWith("[]")) return "[]" + typeText(facts, pkg, text.slice(2));
  const map = /^map\[[\w.]+\](.*)$/.exec(text);
  if (map) return "{}" + typeText(facts, pkg, map[1]!);
  return nameText(facts, pkg, text);
}

function nameText(facts: Facts, pkg: string, text: string): string {
  if (scalars.has(text)) return text;
  const [prefix, base] = text.includes(".") ? text.split(".") as [string, string] : ["", text];
  const candidates = prefix === "v1" ? ["core/v1", "meta/v1"] : [prefix ? packages[prefix] ?? prefix : pkg];
  for (const candidate of candidates) {
    const name = candidate === "" ? base : `${candidate}.${base}`;
    if (wellKnown[name]) return wellKnown[name];
    if (facts[candidate]?.[base] || unlisted[name]) return name;
  }
  if (wellKnown[base]) return wellKnown[base];
  if (prefix === "v1" && wellKnown[`meta/v1.${base}`]) return wellKnown[`meta/v1.${base}`]!;
  // Named map types (core's ResourceList, Device's qualified names) are not listed as types of their own.
  if (base === "ResourceList") return "{}quantity";
  throw new Error(`${pkg}: no type is known as ${text}`);
}

function isOmitted(type: string, field: string, fact: FactField): boolean {
  return fact.optional === true || omittedWhenEmpty.includes(`${type}.${field}`) ||
    omittedWhenEmpty.includes(`${type}.*`);
}

function defaultText(fact: FactField): string | undefined {
  const constant = /^ref\((.*)\)$/.exec(fact.default ?? "");
  return constant ? constants[constant[1]!] : fact.default;
}

function fieldLine(facts: Facts, pkg: string, type: string, name: string, fact: FactField): string {
  const words = [fact.inline ? "~" : name, String(fact.n ?? 0), typeText(facts, pkg, fact.type)];
  if (isOmitted(`${pkg}.${type}`, name, fact)) words.push("optional");
  if (writtenWhenEmpty.includes(`${pkg}.${type}.${name}`)) words.push("written");
  if (fact.listType) words.push(`listType=${fact.listType}`);
  if (fact.listMapKeys) words.push(`keys=${fact.listMapKeys.join(",")}`);
  if (fact.mapType === "atomic" || fact.structType === "atomic") words.push("atomic");
  if (fact.patchStrategy) words.push(`patch=${fact.patchStrategy}`);
  if (fact.patchMergeKey) words.push(`mergeKey=${fact.patchMergeKey}`);
  if (fact.protoName) words.push(`proto=${fact.protoName}`);
  const value = defaultText(fact);
  if (value !== undefined) words.push(`default=${value}`);
  return words.join(" ");
}

/** Lines of a struct in order of protobuf number, which is the order that Go writes them in. */
function structLines(facts: Facts, pkg: string, name: string, type: FactType): string[] {
  const fields = Object.entries(type.fields ?? {});
  fields.sort(([a, x], [b, y]) => (x.n ?? 0) - (y.n ?? 0) || (a < b ? -1 : 1));
  const lines = fields.map(([field, fact]) => fieldLine(facts, pkg, name, field, fact));
  return type.structType === "atomic" ? ["atomic", ...lines] : lines;
}

function aliasLine(facts: Facts, pkg: string, type: FactType): string {
  const target = typeText(facts, pkg, type.alias!);
  return type.enum && type.values ? `${target} ${JSON.stringify(type.values)}` : target;
}

export async function tableOf(facts: Facts): Promise<Table> {
  const structs: Record<string, string[]> = { ...unlisted };
  const aliases: Record<string, string> = {};
  for (const [pkg, types] of Object.entries(facts)) {
    for (const [name, type] of Object.entries(types)) {
      if (wellKnown[`${pkg}.${name}`]) continue;
      if (type.alias) aliases[`${pkg}.${name}`] = aliasLine(facts, pkg, type);
      else structs[`${pkg}.${name}`] = structLines(facts, pkg, name, type);
    }
  }
  return { version: "1.36", sha256: await hashOfTable(aliases, structs), aliases, structs };
}

if (import.meta.main) {
  const [path] = Deno.args;
  if (!path) {
    console.error("generate: name the file of facts: deno task generate FACTS.json");
    Deno.exit(2);
  }
  const table = await tableOf(JSON.parse(await Deno.readTextFile(path)));
  await Deno.writeTextFile(new URL("table/v1_36.json", import.meta.url), JSON.stringify(table, null, 2) + "\n");
  console.log(`wrote ${Object.keys(table.structs).length} types and ${Object.keys(table.aliases).length} aliases`);
}
