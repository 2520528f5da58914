/**
 * Whether what is to be pruned may be pruned at once, or waits for a person. Pure.
 *
 * Law: within a minute a folder loses without confirmation neither all of its objects nor, from five on, more than half
 * of them. So `rm -r`, an unmounted disk or a wrong checkout empties no cluster, however slowly it happens.
 */
export interface FolderLoss {
  /** Objects that the folder's files have in the cluster, the doomed ones included. */
  readonly present: number;
  /** Of these, those that no file names any more. */
  readonly doomed: number;
  /** Objects that were pruned in the last minute without confirmation. */
  readonly recentlyPruned: number;
}

export const lossWindowMs = 60_000;

const smallLoss = 5;

export function needsConfirmation({ present, doomed, recentlyPruned }: FolderLoss): boolean {
  if (doomed === 0) return false;
  const lost = doomed + recentlyPruned;
  const before = present + recentlyPruned;
  return lost >= before || (lost >= smallLoss && lost * 2 > before);
}
