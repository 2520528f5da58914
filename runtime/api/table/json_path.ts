/**
 * Simple JSONPath as CRDs use it: `.a.b`, `['a.b']`, `[0]`, `[-1]`, `[*]`, `[?(@.type=="Ready")]`, escaped dots. A path that
 * is none of this finds nothing; the CRD's validation is where it is refused.
 */
import type { Json } from "../../schema/mod.ts";

type Step = (value: Json) => Json[];

interface Reader {
  readonly pattern: RegExp;
  readonly step: (match: RegExpExecArray) => Step;
}

const readers: readonly Reader[] = [
  { pattern: /^\.?\*|^\.?\[\*\]/, step: () => children },
  {
    pattern: /^\.?\[(-?\d+)\]/,
    step: ([, index]) => (value) => Array.isArray(value) ? present(value.at(Number(index))) : [],
  },
  { pattern: /^\.?\[\s*(?:'([^']*)'|"([^"]*)")\s*\]/, step: ([, single, double]) => field(single ?? double ?? "") },
  {
    pattern: /^\.?\[\?\(\s*@((?:\.(?:\\.|[^\\.\s=!<>()[\]'"])+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\)\]/,
    step: ([, path = "", operator, double, single, bare]) =>
      filter(path, operator === "==", double ?? single ?? bare ?? ""),
  },
  { pattern: /^\.((?:\\.|[^\\.[\]*])+)/, step: ([, name = ""]) => field(name.replaceAll(/\\(.)/g, "$1")) },
  { pattern: /^\.$/, step: () => (value) => [value] },
];

/** All values that the path finds, in order. */
export function compileJsonPath(path: string): (value: Json) => Json[] {
  const steps = parse(path.trim().replace(/^\{(.*)\}$/, "$1").replace(/^\$/, ""));
  return (value) => steps ? steps.reduce((found, step) => found.flatMap(step), [value]) : [];
}

function parse(path: string): Step[] | undefined {
  const steps: Step[] = [];
  for (let rest = path; rest !== "";) {
    const reader = readers.find(({ pattern }) => pattern.test(rest));
    const match = reader?.pattern.exec(rest);
    if (!reader || !match) return undefined;
    steps.push(reader.step(match));
    rest = rest.slice(match[0].length);
  }
  return steps;
}

function children(value: Json): Json[] {
  return value !== null && typeof value === "object" ? Object.values(value) : [];
}

function field(name: string): Step {
  return (value) => {
    const found = value !== null && typeof value === "object" && !Array.isArray(value) && Object.hasOwn(value, name);
    return found ? present(value[name]) : [];
  };
}

function present(value: Json | undefined): Json[] {
  return value === undefined ? [] : [value];
}

/** Elements whose field at `path` is, or is not, the literal. */
function filter(path: string, equal: boolean, literal: string): Step {
  const find = compileJsonPath(path);
  return (value) => children(value).filter((item) => find(item).some((found) => (String(found) === literal) === equal));
}
