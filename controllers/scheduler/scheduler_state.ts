/** What one term of scheduling remembers; all of it can be made again from the API. */
import type { LoopContext } from "../../runtime/loop/mod.ts";
import { Cluster } from "./cluster.ts";
import type { Extender } from "./extenders/extender.ts";
import type { Profile } from "./profile.ts";
import { type AttemptBackOff, WaitingRoom } from "./waiting_room.ts";

export interface SchedulerState {
  readonly cluster: Cluster;
  readonly waiting: WaitingRoom;
  /** Where the next pod's search begins. */
  from: number;
}

export function schedulerState(backOff: AttemptBackOff): SchedulerState {
  return { cluster: new Cluster(), waiting: new WaitingRoom(backOff), from: 0 };
}

/** What every step of a term is given. */
export interface Term {
  readonly state: SchedulerState;
  readonly profile: Profile;
  readonly extenders: readonly Extender[];
  readonly context: LoopContext;
}
