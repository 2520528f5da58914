/** The plugins that are on, in the order in which they run. */
import type { AdmissionPlugin } from "./admission.ts";
import { certificateRequester } from "./certificate_requester.ts";
import { defaultTolerations } from "./default_tolerations.ts";
import { priority } from "./priority.ts";
import { serviceAccount } from "./service_account.ts";
import { serviceValues } from "./service_values.ts";

export function admissionPlugins(random: () => number): readonly AdmissionPlugin[] {
  return [serviceValues, certificateRequester, serviceAccount(random), priority, defaultTolerations];
}
