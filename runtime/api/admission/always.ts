/** The two plugins of upstream that answer without looking: for tests of clusters, not for clusters. */
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin } from "./admission.ts";

export const alwaysAdmit: AdmissionPlugin = { name: "AlwaysAdmit" };

export const alwaysDeny: AdmissionPlugin = {
  name: "AlwaysDeny",
  validate({ resource, name }) {
    throw forbidden(resource, name, "admission control is denying all modifications");
  },
};
