/**
 * Keys that stand twice in one mapping of a YAML text, as strict decoding tells them.
 *
 * The parser stops at the first; so each that was found is renamed and the text read again, up to a budget of characters:
 * all of a manifest, and as many as time allows of a text that is made to cost time.
 */
import { load, YAMLException } from "js-yaml";

/** Characters that are read again. */
const budget = 8 * 1024 * 1024;
/** Of Unicode's private use: no key that anybody writes has it. */
const mark = "\uE000";

/** `line 3: key "a" already set in map`, in the order of the text. Throws what the parser says of other faults. */
export function yamlDuplicates(text: string): string[] {
  const found: string[] = [];
  for (let left = budget, rest = text; left > 0; left -= rest.length) {
    const at = firstDuplicate(rest);
    if (!at) break;
    // The position is that of the key's first character, inside of its quotes.
    const [, key = ""] = /^([^"':\n]*)["']?\s*:/.exec(rest.slice(at.position)) ?? [];
    found.push(`line ${at.line + 1}: key ${JSON.stringify(key.replaceAll(mark, ""))} already set in map`);
    // A key that is no plain text cannot be renamed: what comes after it is not looked at.
    if (key === "") break;
    rest = rest.slice(0, at.position) + mark.repeat(found.length) + rest.slice(at.position);
  }
  return found;
}

function firstDuplicate(text: string): { readonly line: number; readonly position: number } | undefined {
  try {
    load(text);
    return undefined;
  } catch (error) {
    if (error instanceof YAMLException && error.reason === "duplicated mapping key" && error.mark) return error.mark;
    throw error;
  }
}
