/** One informer for each kind and filter, started when the first loop asks for it, stopped with the signal. */
import type { Kind } from "../schema/mod.ts";
import type { Informer, InformerFilter, Informers } from "./controller.ts";
import { follow, type FollowContext } from "./follow.ts";
import { SharedInformer } from "./informer.ts";

export function sharedInformers(context: FollowContext): Informers {
  const informers = new Map<string, Informer<unknown>>();
  return {
    of<T>(kind: Kind<T>, filter: InformerFilter = {}): Informer<T> {
      const { namespace, labelSelector, fieldSelector } = filter;
      const id = JSON.stringify([kind.apiVersion, kind.kind, namespace, labelSelector, fieldSelector]);
      const known = informers.get(id);
      if (known) return known as unknown as Informer<T>;
      const informer = new SharedInformer(kind, context);
      informers.set(id, informer as unknown as Informer<unknown>);
      follow(kind, filter, informer, context);
      return informer;
    },
  };
}

/** An informer that is not shared and ends with the signal: for kinds that come and go. */
export function ownInformer<T>(kind: Kind<T>, context: FollowContext): Informer<T> {
  const informer = new SharedInformer(kind, context);
  follow(kind, {}, informer, context);
  return informer;
}
