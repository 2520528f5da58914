/** ReplicationController: ReplicaSet's elder, with a plain map for a selector. */
import { ReplicationController } from "../runtime/schema/mod.ts";
import type { Controller } from "../runtime/loop/mod.ts";
import { replicaSetLoop } from "./replicaset/loop.ts";
import { mapSelectorOf } from "./objects/selectors.ts";

export const replicationControllers: Controller = replicaSetLoop({
  name: "replication",
  kind: ReplicationController,
  matcherOf: mapSelectorOf,
});
