/** A write with everything that its allocators took for it: kept when it was stored, given back otherwise. */
import type { KubeObject, Resource, Stored } from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import type { Machinery, Reservation } from "./machinery.ts";

export interface Reserving {
  readonly resource: Resource;
  /** Absent: `old` is being removed. */
  readonly object?: KubeObject;
  readonly old?: Stored;
  readonly dryRun?: boolean;
}

export async function withReservations(
  m: Machinery,
  { resource, object, old, dryRun }: Reserving,
  write: () => Promise<ObjectRevision | undefined>,
): Promise<ObjectRevision | undefined> {
  const taken: Reservation[] = [];
  let stored: number | undefined;
  try {
    for (const allocator of m.allocators) {
      const reservation = allocator.reserve(resource, object, old);
      if (reservation) taken.push(reservation);
    }
    const revision = await write();
    stored = dryRun ? undefined : revision?.revision;
    return revision;
  } finally {
    for (const reservation of taken) stored === undefined ? reservation.giveBack() : reservation.keep(stored);
  }
}
