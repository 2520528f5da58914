/** PersistentVolumeClaimResize: a bound claim grows only where its StorageClass says that it can. */
import { compareQuantities, type Stored } from "../../schema/mod.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { updated } from "./written.ts";

interface Claim {
  spec?: { storageClassName?: string; resources?: { requests?: { storage?: string } } };
  status?: { phase?: string };
}

interface StorageClass extends Stored {
  allowVolumeExpansion?: boolean;
}

export const claimResize: AdmissionPlugin = {
  name: "PersistentVolumeClaimResize",
  validate(request, view) {
    const claim = updated<Claim>(request, "persistentvolumeclaims");
    const [wanted, had] = [claim, request.old as Claim | undefined].map((one) =>
      one?.spec?.resources?.requests?.storage
    );
    if (!claim || !wanted || !had || compareQuantities(wanted, had) <= 0) return;
    const refuse = (why: string) => forbidden(request.resource, request.name, why);
    if ((request.old as Claim).status?.phase !== "Bound") {
      throw refuse("Only bound persistent volume claims can be expanded");
    }
    const name = claim.spec!.storageClassName;
    const found = name ? view.get("storage.k8s.io", "storageclasses", "", name) as StorageClass | undefined : undefined;
    if (found?.allowVolumeExpansion) return;
    throw refuse(
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
    );
  },
};
