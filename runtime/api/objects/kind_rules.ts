/**
 * Where kinds differ in how they are written and deleted, as data; every row that is not here follows the default.
 *
 * Source: the registry strategies' documented behaviour (API reference of each kind; KEP-1152 for pods).
 */
import { groupResourceOf, type Resource } from "../../schema/mod.ts";

export interface KindRules {
  /** PUT makes the object when it is not there. */
  readonly createOnUpdate: boolean;
  /** PUT without a resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean;
  /** DELETE answers with the last state instead of a Status. */
  readonly returnsDeleted: boolean;
  /** Dependents of a deleted object stay unless the caller says otherwise. */
  readonly orphansByDefault: boolean;
  /** What who deletes is warned of unless it says what becomes of dependents. */
  readonly deletionWarning?: string;
  /** The object removes itself. Seconds. */
  readonly ttlSeconds?: number;
}

const usual: KindRules = {
  createOnUpdate: false,
  unconditionalUpdate: true,
  returnsDeleted: false,
  orphansByDefault: false,
};

const custom: KindRules = { ...usual, unconditionalUpdate: false };
const upsert = { createOnUpdate: true };
const locked = { unconditionalUpdate: false };
const returned = { returnsDeleted: true };
const hour = 3600;

const exceptions: Readonly<Record<string, Partial<KindRules>>> = {
  "events": { ...upsert, ttlSeconds: hour },
  "events.events.k8s.io": { ...upsert, ttlSeconds: hour },
  "endpoints": upsert,
  "limitranges": upsert,
  "services": { ...upsert, ...returned },
  "leases.coordination.k8s.io": { ...upsert, ...locked },
  "roles.rbac.authorization.k8s.io": upsert,
  "rolebindings.rbac.authorization.k8s.io": upsert,
  "clusterroles.rbac.authorization.k8s.io": upsert,
  "clusterrolebindings.rbac.authorization.k8s.io": upsert,
  "pods": returned,
  "podtemplates": returned,
  "resourcequotas": returned,
  "serviceaccounts": returned,
  "persistentvolumes": returned,
  "persistentvolumeclaims": returned,
  "storageclasses.storage.k8s.io": returned,
  "volumeattributesclasses.storage.k8s.io": returned,
  "deviceclasses.resource.k8s.io": returned,
  "resourceclaims.resource.k8s.io": returned,
  "resourceclaimtemplates.resource.k8s.io": returned,
  "resourceslices.resource.k8s.io": returned,
  "replicationcontrollers": { orphansByDefault: true },
  "jobs.batch": {
    orphansByDefault: true,
    deletionWarning: "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to " +
      "remove them or set propagationPolicy=Orphan to suppress this warning",
  },
  "customresourcedefinitions.apiextensions.k8s.io": locked,
  "apiservices.apiregistration.k8s.io": locked,
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": locked,
  "validatingwebhookconfigurations.admissionregistration.k8s.io": locked,
  "csidrivers.storage.k8s.io": { ...locked, ...returned },
  "csinodes.storage.k8s.io": { ...locked, ...returned },
  "volumeattachments.storage.k8s.io": { ...locked, ...returned },
  "runtimeclasses.node.k8s.io": { ...upsert, ...locked },
  "poddisruptionbudgets.policy": locked,
  "csistoragecapacities.storage.k8s.io": locked,
  "validatingadmissionpolicies.admissionregistration.k8s.io": locked,
  "validatingadmissionpolicybindings.admissionregistration.k8s.io": locked,
};

const rules = new Map(Object.entries(exceptions).map(([name, row]) => [name, { ...usual, ...row }]));

export function rulesOf(resource: Resource): KindRules {
  return rules.get(groupResourceOf(resource)) ?? (resource.type.name === "" ? custom : usual);
}
