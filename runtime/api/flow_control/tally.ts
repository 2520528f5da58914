/** What is counted of the requests of one FlowSchema at one level: plain numbers, read when somebody asks for `/metrics`. */

/** Why a request was turned away, in upstream's words. */
export type Reason = "queue-full" | "concurrency-limit" | "time-out";

export class Tally {
  dispatched = 0;
  waiting = 0;
  executing = 0;
  seats = 0;
  readonly rejected = new Map<Reason, number>();

  constructor(readonly schema: string, readonly level: string) {}

  enter(seats: number): void {
    this.dispatched++;
    this.executing++;
    this.seats += seats;
  }

  leave(seats: number): void {
    this.executing--;
    this.seats -= seats;
  }

  reject(reason: Reason): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }
}
