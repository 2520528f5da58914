/**
 * From the table's text to type nodes, one type at a time and only when somebody looks: most processes touch a tenth of
 * the types. Linked nodes are shared and live as long as the process (the table is finite).
 */
import type { AnyNode, FieldNode, ListNode, MapNode, ScalarNode, StructNode, TypeNode } from "../type_node.ts";
import table from "../table/v1_36.json" with { type: "json" };
import { type FieldLine, parseFieldLine } from "./table.ts";

const aliases: Readonly<Record<string, string>> = table.aliases;
const structs: Readonly<Record<string, readonly string[]>> = table.structs;
const structNodes = new Map<string, StructNode>();
const aliasNodes = new Map<string, TypeNode>();
const scalarNodes = new Map<string, ScalarNode>();
const anyNodes = new Map<string, AnyNode>();

/** The struct of that name, such as `core/v1.PodSpec`, or undefined. */
export function structNamed(name: string): StructNode | undefined {
  const known = structNodes.get(name);
  if (known) return known;
  const lines = structs[name];
  if (!lines) return undefined;
  const node = lazyStruct(name, lines);
  structNodes.set(name, node);
  return node;
}

/** Names of every struct in the table. */
export function structNames(): string[] {
  return Object.keys(structs);
}

function lazyStruct(name: string, lines: readonly string[]): StructNode {
  const atomic = lines[0] === "atomic";
  let fields: ReadonlyMap<string, FieldNode> | undefined;
  return {
    type: "struct",
    name,
    atomic,
    preserveUnknown: false,
    get fields() {
      return fields ??= linkFields(lines);
    },
  };
}

function linkFields(lines: readonly string[], protoPath: readonly number[] = []): ReadonlyMap<string, FieldNode> {
  const fields = new Map<string, FieldNode>();
  for (const text of lines) {
    // Of an embedded struct only the fields count: who embeds it says whether they are owned as a whole.
    if (text === "atomic") continue;
    const line = parseFieldLine(text);
    const embedded = line.name === "~" ? structs[line.type] ?? [] : undefined;
    if (!embedded) fields.set(line.name, linkField(line, protoPath));
    else linkFields(embedded, pathInto(line, protoPath)).forEach((field, name) => fields.set(name, field));
  }
  return fields;
}

/** TypeMeta has no place in protobuf (number 0): its fields travel in the envelope. */
function pathInto(line: FieldLine, protoPath: readonly number[]): readonly number[] {
  return line.protoNumber === 0 ? [0] : [...protoPath, line.protoNumber];
}

function linkField(line: FieldLine, protoPath: readonly number[]): FieldNode {
  const { options } = line;
  const field: FieldNode = {
    name: line.name,
    type: fieldType(line),
    required: !line.optional,
    nullable: false,
    patchStrategy: options.patch?.split(",") ?? [],
    pointer: line.type.startsWith("*"),
    written: line.written,
  };
  const hasProto = line.protoNumber > 0 && protoPath[0] !== 0;
  return {
    ...field,
    ...(options.default === undefined ? {} : { default: JSON.parse(options.default) }),
    ...(hasProto ? { protoNumber: line.protoNumber } : {}),
    ...(hasProto && protoPath.length > 0 ? { protoPath } : {}),
    ...(options.proto ? { protoName: options.proto } : {}),
    ...(options.mergeKey ? { patchMergeKey: options.mergeKey } : {}),
  };
}

/** The type of a field, with what the field says about lists and maps. */
function fieldType(line: FieldLine): TypeNode {
  const node = typeFromText(line.type.replace(/^\*/, ""));
  const { listType, keys } = line.options;
  if (node.type === "list" && listType) {
    return { ...node, listType: listType as ListNode["listType"], keys: keys?.split(",") ?? [] };
  }
  if (node.type === "map" && line.atomic) return { ...node, atomic: true };
  if (node.type === "struct" && line.atomic && !node.atomic) return atomicTwin(node);
  return node;
}

/** A struct that only this field owns as a whole; a getter keeps recursion lazy. */
function atomicTwin(node: StructNode): StructNode {
  const { name, preserveUnknown } = node;
  return {
    type: "struct",
    name,
    preserveUnknown,
    atomic: true,
    get fields() {
      return node.fields;
    },
  };
}

function typeFromText(text: string): TypeNode {
  if (text.startsWith("[]")) return listOf(text.slice(2));
  if (text.startsWith("{}")) return mapOf(text.slice(2));
  if (text.startsWith("any:")) return anyOf(text.slice(4));
  if (!text.includes(".")) return scalarOf(text as ScalarNode["type"]);
  return structNamed(text) ?? aliasNamed(text);
}

function listOf(items: string): ListNode {
  const node = typeFromText(items);
  return { type: "list", items: node, listType: "atomic", keys: [] };
}

function mapOf(values: string): MapNode {
  return { type: "map", values: typeFromText(values.replace(/^\*/, "")), atomic: false };
}

function anyOf(wire: string): AnyNode {
  let node = anyNodes.get(wire);
  if (!node) anyNodes.set(wire, node = { type: "any", embeddedResource: false, wire: wire as AnyNode["wire"] });
  return node;
}

function scalarOf(type: ScalarNode["type"]): ScalarNode {
  let node = scalarNodes.get(type);
  if (!node) scalarNodes.set(type, node = { type });
  return node;
}

function aliasNamed(name: string): TypeNode {
  const known = aliasNodes.get(name);
  if (known) return known;
  const line = aliases[name];
  if (line === undefined) throw new Error(`the table of types names ${name} and does not have it`);
  const blank = line.indexOf(" ");
  const node = typeFromText(blank < 0 ? line : line.slice(0, blank));
  const linked = withAlias(node, name, blank < 0 ? undefined : JSON.parse(line.slice(blank)));
  aliasNodes.set(name, linked);
  return linked;
}

function withAlias(node: TypeNode, name: string, values?: readonly string[]): TypeNode {
  if (node.type === "list" && node.items.type === "string") return { ...node, protoWrapped: true };
  if (node.type !== "string") return node;
  const goName = name.slice(name.indexOf("/") + 1);
  return values ? { ...node, goName, enum: values } : { ...node, goName };
}
