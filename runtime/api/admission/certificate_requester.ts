/** A CertificateSigningRequest says who asks, and only the server says it. */
import { groupResourceOf } from "../../schema/mod.ts";
import type { AdmissionPlugin } from "./admission.ts";

export const certificateRequester: AdmissionPlugin = {
  name: "CertificateRequester",
  admit({ resource, operation, object, old, user }) {
    if (!object || groupResourceOf(resource) !== "certificatesigningrequests.certificates.k8s.io") return;
    const spec = (object.spec ??= {}) as Record<string, unknown>;
    const asked = operation === "CREATE" ? user : undefined;
    const before = (old?.spec ?? {}) as Record<string, unknown>;
    const facts = asked
      ? { username: asked.name, uid: asked.uid, groups: [...asked.groups], extra: asked.extra && { ...asked.extra } }
      : { username: before.username, uid: before.uid, groups: before.groups, extra: before.extra };
    for (const [field, value] of Object.entries(facts)) {
      if (value === undefined) delete spec[field];
      else spec[field] = value;
    }
  },
};
