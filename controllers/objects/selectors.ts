/** Selectors compiled once per object revision: cached objects are frozen, so the object itself is the cache's key. */
import { compileLabelSelector } from "../../runtime/schema/mod.ts";
import type { Matches } from "./ownership.ts";

interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

const compiled = new WeakMap<object, Matches>();

/** Of `spec.selector` as apps/v1 and batch/v1 write it. An invalid or absent selector matches nothing. */
export function labelSelectorOf(object: { spec?: { selector?: unknown } }): Matches {
  return remembered(object, () => compileLabelSelector(object.spec?.selector as LabelSelector | undefined));
}

/** Of `spec.selector` as v1 writes it: a plain map. An empty one matches nothing. */
export function mapSelectorOf(object: { spec?: { selector?: unknown } }): Matches {
  return remembered(object, () => {
    const matchLabels = (object.spec?.selector ?? {}) as Record<string, string>;
    return Object.keys(matchLabels).length === 0 ? () => false : compileLabelSelector({ matchLabels });
  });
}

function remembered(object: object, compile: () => Matches): Matches {
  const known = compiled.get(object);
  if (known) return known;
  const matches = safely(compile);
  compiled.set(object, matches);
  return matches;
}

function safely(compile: () => Matches): Matches {
  try {
    return compile();
  } catch {
    return () => false;
  }
}
