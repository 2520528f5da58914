/** A group version that this server itself serves is available from its first second. */
import type { AdmissionPlugin } from "./admission.ts";
import { created } from "./written.ts";

interface ApiService {
  metadata?: { creationTimestamp?: string };
  spec?: { service?: object };
  status?: object;
}

export const localApiService: AdmissionPlugin = {
  name: "LocalAPIService",
  admit(request) {
    const object = created<ApiService>(request, "apiservices.apiregistration.k8s.io");
    if (!object || object.spec?.service) return;
    const available = { type: "Available", status: "True", lastTransitionTime: object.metadata?.creationTimestamp };
    const message = "Local APIServices are always available";
    object.status = { conditions: [{ ...available, reason: "Local", message }] };
  },
};
