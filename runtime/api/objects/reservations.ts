/** A write with everything that its allocators took for it: kept when it was stored, given back otherwise. */
import type { ObjectRevision } from "../cache/mod.ts";
import type { Machinery, Reservation, Reserving } from "./machinery.ts";

export async function withReservations(
  m: Machinery,
  reserving: Reserving,
  write: () => Promise<ObjectRevision | undefined>,
): Promise<ObjectRevision | undefined> {
  const taken: Reservation[] = [];
  let stored: number | undefined;
  try {
    for (const allocator of m.allocators) {
      const reservation = allocator.reserve(reserving, m);
      // Most writes reserve nothing and need not wait.
      if (reservation) taken.push(reservation instanceof Promise ? await reservation : reservation);
    }
    const revision = await write();
    stored = reserving.dryRun ? undefined : revision?.revision;
    return revision;
  } finally {
    for (const reservation of taken) {
      await (stored === undefined ? reservation.giveBack() : reservation.keep(stored));
    }
  }
}
