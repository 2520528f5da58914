/**
 * Field selectors (`status.phase=Running,spec.nodeName!=a`): exact matches of a few fields that each kind names. A field
 * that is absent counts as empty text, as Go's zero value does.
 */
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { StatusError } from "./status_error.ts";

export type FieldPredicate = (object: KubeObject) => boolean;

export interface FieldRequirement {
  readonly path: readonly string[];
  readonly fallback?: readonly string[];
  readonly selector: string;
  readonly equal: boolean;
  readonly value: string;
}

type Selectable = Pick<Resource, "namespaced" | "selectableFields" | "selectableFallbacks" | "unselectable">;

/** Throws BadRequest in upstream's words for text that does not parse and fields that cannot be selected by. */
export function parseFieldSelector(text: string, resource: Selectable): FieldPredicate {
  const requirements = fieldRequirements(text, resource);
  if (requirements.length === 0) return () => true;
  return (object) => requirements.every((one) => (textOf(object, one) === one.value) === one.equal);
}

export function fieldRequirements(text: string, resource: Selectable): FieldRequirement[] {
  return clausesOf(text).map((clause) => requirementOf(clause, text, resource));
}

/** Splits at commas that are not escaped; empty clauses say nothing. */
function clausesOf(text: string): string[] {
  const clauses = text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
  return clauses.filter((clause) => clause !== "");
}

function requirementOf(clause: string, whole: string, resource: Selectable): FieldRequirement {
  const match = /^((?:\\.|[^=!\\])*)(!=|==|=)(.*)$/s.exec(clause);
  if (!match) throw new StatusError("BadRequest", `invalid selector: '${whole}'; can't understand '${clause}'`);
  const [, selector = "", operator, raw = ""] = match;
  const fallback = resource.selectableFallbacks?.get(selector);
  return { selector, path: pathOf(selector, resource), fallback, equal: operator !== "!=", value: unescape(raw) };
}

function pathOf(selector: string, resource: Selectable): readonly string[] {
  if (selector === "metadata.name") return ["metadata", "name"];
  if (selector === "metadata.namespace" && resource.namespaced) return ["metadata", "namespace"];
  const path = resource.selectableFields.get(selector);
  if (path) return path;
  const { unselectable = "field label not supported: %s" } = resource;
  throw new StatusError("BadRequest", unselectable.replace("%s", () => selector));
}

function unescape(raw: string): string {
  const bad = /(?:^|[^\\])(?:\\\\)*([=,])/.exec(raw);
  if (bad) {
    throw new StatusError(
      "BadRequest",
      `invalid field selector: unescaped character in value: ${bad[1]!.codePointAt(0)}`,
    );
  }
  const wrong = /\\(?:[^\\,=]|$)/.exec(raw.replaceAll("\\\\", ""));
  if (wrong) throw new StatusError("BadRequest", `invalid field selector: invalid escape sequence: ${wrong[0]}`);
  return raw.replace(/\\(.)/gs, "$1");
}

function textOf(object: KubeObject, { path, fallback }: FieldRequirement): string {
  return textAt(object, path) || (fallback ? textAt(object, fallback) : "");
}

function textAt(object: KubeObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step];
  if (value === undefined || value === null) return zeroText(path);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const flags = new Set(["unschedulable", "hostNetwork"]);
const counts = new Set(["replicas", "succeeded"]);

/** Go prints a flag that was never set as `false`, a count as `0`. */
function zeroText(path: readonly string[]): string {
  const field = path.at(-1)!;
  if (flags.has(field)) return "false";
  return counts.has(field) ? "0" : "";
}
