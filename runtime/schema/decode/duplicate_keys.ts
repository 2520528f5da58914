/**
 * Keys that stand twice in one JSON object, which `JSON.parse` silently folds: strict field validation refuses them.
 * One pass over the text, no recursion, linear time; the text must be valid JSON.
 */

interface Frame {
  /** Keys seen; absent in arrays. */
  readonly keys?: Set<string>;
  key: string;
  index: number;
}

/**
 * What strict decoding says of them, in upstream's words. `value`: what `JSON.parse` made of the text; where it prints as that
 * very text, as what most clients send does, nothing was folded.
 */
export function duplicateFaults(text: string, value: unknown): string[] {
  if (JSON.stringify(value) === text.trimEnd()) return [];
  return duplicateKeys(text).map((path) => `duplicate field ${JSON.stringify(path)}`);
}

/** Paths of repeated fields as upstream prints them (`spec.replicas`), each once, in order of appearance. */
export function duplicateKeys(text: string): string[] {
  const found = new Set<string>();
  const frames: Frame[] = [];
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    const top = frames.at(-1);
    switch (text[at]) {
      case "{":
        frames.push({ keys: new Set(), key: "", index: 0 });
        expectKey = true;
        break;
      case "[":
        frames.push({ key: "", index: 0 });
        expectKey = false;
        break;
      case "}":
      case "]":
        frames.pop();
        expectKey = false;
        break;
      case ",":
        if (top && !top.keys) top.index++;
        expectKey = top?.keys !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (expectKey && top) noteKey(frames, top, JSON.parse(text.slice(at, end + 1)), found);
        expectKey = false;
        at = end;
      }
    }
  }
  return [...found];
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function noteKey(frames: readonly Frame[], top: Frame, key: string, found: Set<string>): void {
  top.key = key;
  if (top.keys!.has(key)) found.add(pathOf(frames));
  top.keys!.add(key);
}

function pathOf(frames: readonly Frame[]): string {
  let path = "";
  for (const frame of frames) {
    if (!frame.keys) path += `[${frame.index}]`;
    else path += path === "" ? frame.key : `.${frame.key}`;
  }
  return path;
}
