/**
 * A source that turns a change of a child into the keys of the owners it matters to: its controller, the controller it
 * had before, or, for one without a controller, every owner whose selector matches it (it may be adopted).
 */
import { type Key, keyOf, type Kind, type Stored } from "../../runtime/schema/mod.ts";
import { controllerOf, mapped, ownerKey, type Source } from "../../runtime/loop/mod.ts";
import type { Matches } from "./ownership.ts";

export function selectedBy<C, O>(
  kind: Kind<C>,
  ownerKind: Kind<O>,
  matcherOf: (owner: Stored<O>) => Matches,
): Source {
  return mapped(kind, (child, { informers }): Key[] => {
    const owner = ownerKey(child, ownerKind);
    if (owner) return [owner];
    if (controllerOf(child)) return [];
    const { namespace, labels } = child.metadata;
    return informers.of(ownerKind).list(namespace).filter((candidate) => matcherOf(candidate)(labels)).map(keyOf);
  });
}
