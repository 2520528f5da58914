/**
 * Env files that `fileKeyRef` reads: lines `NAME='value'`, where a value may go over several lines; empty lines and those
 * that begin with `#` say nothing. Pure. (KEP-3721)
 */
const assignment = /\s*(?:#[^\n]*(?:\n|$)|([^\s=#'][^=\n']*)='([^']*)'[ \t]*(?:\n|$)|$)/y;

/** Throws a `RangeError` that names the first line that is no assignment. */
export function parseEnvFile(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    assignment.lastIndex = at;
    const found = assignment.exec(text);
    if (!found || found[0] === "") throw new RangeError(`line ${lineOf(text, at)} is not NAME='value'`);
    if (found[1] !== undefined) values.set(found[1], found[2]!);
    at = assignment.lastIndex;
  }
  return values;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
