/**
 * What a claim's volume begins with is said twice: `dataSource` for those who know claims and snapshots only, `dataSourceRef`
 * for all (KEP-1495). What one says goes into the other; what neither can mean is dropped without a word.
 */
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";

type Spec = NonNullable<IPersistentVolumeClaim["spec"]>;
type Source = NonNullable<Spec["dataSource"]>;

/** In place. */
export function fillClaimSource({ spec }: IPersistentVolumeClaim): void {
  if (!spec) return;
  // Of another namespace: its gate is off (KEP-3294).
  if (spec.dataSourceRef?.namespace) delete spec.dataSourceRef;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) {
    if (isOldSource(dataSource)) spec.dataSourceRef = { ...dataSource };
    else delete spec.dataSource;
  } else if (dataSourceRef && !dataSource) spec.dataSource = { ...dataSourceRef };
}

function isOldSource({ apiGroup, kind }: Source): boolean {
  if (kind === "PersistentVolumeClaim") return !apiGroup;
  return kind === "VolumeSnapshot" && apiGroup === "snapshot.storage.k8s.io";
}
