/**
 * resourceVersions are one growing sequence for all kinds (the store's revision), so they may be compared (KEP-5504).
 */
export function revisionOf(resourceVersion: string): number {
  return Number(resourceVersion);
}
