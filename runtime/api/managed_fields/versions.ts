/**
 * Managers of one object may have written different versions of it, and each owns fields as its own version names them. What
 * a write changed is therefore said in the version of whoever is asked about.
 */
import { apiVersionOf, type KubeObject, type Resource } from "../../schema/mod.ts";
import { difference, type FieldSet } from "./field_set.ts";
import { type Manager, withFields } from "./managers.ts";
import { changedFields, removedFields } from "./tracked.ts";

export interface VersionView {
  readonly resource: Resource;
  show(object: KubeObject): KubeObject;
}

/** `undefined` for a version that objects cannot be shown in: its managers are taken to speak the version of the write. */
export type Versions = (apiVersion: string) => VersionView | undefined;

export interface Difference {
  readonly changed: FieldSet | undefined;
  readonly removed: FieldSet | undefined;
}

export class Differences {
  readonly #known = new Map<string, Difference>();
  /** In the version of the write. */
  readonly own: Difference;

  constructor(
    resource: Resource,
    private readonly live: KubeObject | undefined,
    private readonly next: KubeObject,
    private readonly versions: Versions | undefined,
  ) {
    this.own = between(resource, live, next);
    this.#known.set(apiVersionOf(resource), this.own);
  }

  in(apiVersion: string): Difference {
    const known = this.#known.get(apiVersion);
    if (known) return known;
    const view = this.versions?.(apiVersion);
    const { live, next } = this;
    const made = view ? between(view.resource, live && view.show(live), view.show(next)) : this.own;
    this.#known.set(apiVersion, made);
    return made;
  }

  /** What a manager that is not the writer still owns. */
  left(manager: Manager): Manager {
    const { changed, removed } = this.in(manager.apiVersion);
    return withFields(manager, difference(difference(manager.fields, changed), removed));
  }
}

function between(resource: Resource, live: KubeObject | undefined, next: KubeObject): Difference {
  return { changed: changedFields(resource, live, next), removed: removedFields(resource, live, next) };
}
