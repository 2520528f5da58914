/** ReplicaSet: as many pods of its template as `spec.replicas` says. */
import { ReplicaSet } from "../runtime/schema/mod.ts";
import type { Controller } from "../runtime/loop/mod.ts";
import { replicaSetLoop } from "./replicaset/loop.ts";
import { labelSelectorOf } from "./objects/selectors.ts";

export const replicaSets: Controller = replicaSetLoop({
  name: "replicaset",
  kind: ReplicaSet,
  matcherOf: labelSelectorOf,
});
