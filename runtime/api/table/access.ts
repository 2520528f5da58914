/** The columns of who may do what, and how much of it at a time. */
import type { ICertificateSigningRequest } from "kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest";
import type { IFlowSchema } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/FlowSchema";
import type { IPriorityLevelConfiguration } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import { age, column, name, type Printer, printer, wide } from "./cell.ts";
import type { IClusterTrustBundle } from "../../schema/mod.ts";
import { humanDuration } from "./human_duration.ts";

/** ClusterRoleBindings look the same. */
export const roleBindings: Printer = printer<IRoleBinding>(
  name,
  column("Role", ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  age,
  wide("Users", (binding) => subjects(binding, "User").map(({ name }) => name).join(", ")),
  wide("Groups", (binding) => subjects(binding, "Group").map(({ name }) => name).join(", ")),
  wide(
    "ServiceAccounts",
    (binding) => subjects(binding, "ServiceAccount").map(({ namespace, name }) => `${namespace}/${name}`).join(", "),
  ),
);

function subjects(binding: IRoleBinding, wanted: string) {
  return (binding.subjects ?? []).filter(({ kind }) => kind === wanted);
}

export const certificateSigningRequests: Printer = printer<ICertificateSigningRequest>(
  name,
  age,
  column("SignerName", ({ spec }) => spec.signerName || "<none>"),
  column("Requestor", ({ spec }) => spec.username ?? ""),
  column(
    "RequestedDuration",
    ({ spec }) => spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
  ),
  column("Condition", requestCondition),
);

export const clusterTrustBundles: Printer = printer<IClusterTrustBundle>(
  name,
  column("SignerName", ({ spec }) => spec?.signerName || "<none>"),
);

function requestCondition({ status }: ICertificateSigningRequest): string {
  const has = (wanted: string) => status?.conditions?.some(({ type }) => type === wanted);
  const words = [has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending"];
  if (has("Failed")) words.push("Failed");
  if (status?.certificate) words.push("Issued");
  return words.join(",");
}

export const flowSchemas: Printer = printer<IFlowSchema>(
  name,
  column("PriorityLevel", ({ spec }) => spec?.priorityLevelConfiguration.name ?? ""),
  column("MatchingPrecedence", ({ spec }) => spec?.matchingPrecedence ?? 0),
  column("DistinguisherMethod", ({ spec }) => spec?.distinguisherMethod?.type ?? "<none>"),
  age,
  column("MissingPL", ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?"),
);

export const priorityLevelConfigurations: Printer = printer<IPriorityLevelConfiguration>(
  name,
  column("Type", ({ spec }) => spec?.type ?? ""),
  column("NominalConcurrencyShares", ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? "<none>"),
  column("Queues", (level) => queuing(level)?.queues ?? "<none>"),
  column("HandSize", (level) => queuing(level)?.handSize ?? "<none>"),
  column("QueueLengthLimit", (level) => queuing(level)?.queueLengthLimit ?? "<none>"),
  age,
);

function queuing({ spec }: IPriorityLevelConfiguration) {
  return spec?.limited?.limitResponse?.queuing;
}
