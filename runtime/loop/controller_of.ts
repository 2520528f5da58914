/**
 * `controller(kind, …)`: the usual loop, whose keys are objects of one kind and which looks after objects of others.
 */
import { type Key, type Kind, type KubeObject, sameJson, type Stored } from "../schema/mod.ts";
import type { Change, Controller, LoopContext, Outcome, Source } from "./controller.ts";
import { ownedBy } from "./owner.ts";
import { owned, watches } from "./sources.ts";
import { applyWrites, seen, type Write } from "./writes.ts";

export interface ControllerOptions<T> {
  readonly name: string;
  /** Kinds of the objects that its objects control: their changes make the owner due. */
  readonly owns?: readonly Kind<unknown>[];
  /** The objects of its kind that make their keys due; default all. It must not say no to one that still needs something. */
  readonly concerns?: (object: Stored<T>) => boolean;
  /** What else makes keys due. */
  readonly watches?: readonly Source[];
  readonly workers?: number;
  readonly leaderOnly?: boolean;
  readonly eventSource?: Controller["eventSource"];
  start?(context: LoopContext): void | Promise<void>;
  reconcile(key: Key, scope: Scope<T>): Promise<Outcome>;
  stop?(): void | Promise<void>;
}

/** What a reconcile is given: the loop's context, and the verbs that most loops need. */
export interface Scope<T> extends LoopContext {
  /** The object as the local copy knows it; undefined when it is gone. */
  read(key: Key): Stored<T> | undefined;
  /** Objects of a kind in `owns` that `owner` controls. */
  children<C>(kind: Kind<C>, owner: Stored<T>): readonly Stored<C>[];
  /** Sends the writes, and waits until the local copy has seen them. */
  apply(writes: readonly Write[]): Promise<void>;
  /** Writes `status` through its subresource when it differs; a Conflict when the object has changed meanwhile. */
  status(object: Stored<T>, status: unknown): Promise<void>;
}

export function controller<T>(kind: Kind<T>, options: ControllerOptions<T>): Controller {
  const { owns = [], watches: more = [], concerns, reconcile, ...rest } = options;
  const own = concerns ? { when: ({ object, old }: Change<T>) => concerns(object) || !!old && concerns(old) } : {};
  return {
    eventSource: { component: `${options.name}-controller` },
    ...rest,
    kind,
    sources: [watches(kind, own), ...owns.map((child) => owned(child, kind)), ...more],
    reconcile: (key, context) => reconcile(key, scopeOf(kind, context)),
  };
}

function scopeOf<T>(kind: Kind<T>, context: LoopContext): Scope<T> {
  const { informers, client } = context;
  return {
    ...context,
    read: (key) => informers.of(kind).get(key),
    children: (child, owner) => ownedBy(informers.of(child), owner),
    apply: (writes) => applyWrites(writes, context),
    async status(object, status) {
      if (sameJson((object as KubeObject).status, status)) return;
      const next = { ...object, status } as unknown as T;
      await seen(kind, await client.update(kind, next, { subresource: "status" }), context);
    },
  };
}
