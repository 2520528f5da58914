/** Rows of the groups that say who may do what, and how the API itself is extended. */
import { createOnly, resourcesOf } from "./row.ts";

const extensions = ["api-extensions"];

export const accessResources = [
  ...resourcesOf({ group: "admissionregistration.k8s.io", version: "v1" }, [
    {
      kind: "MutatingAdmissionPolicy",
      plural: "mutatingadmissionpolicies",
      namespaced: false,
      categories: extensions,
    },
    {
      kind: "MutatingAdmissionPolicyBinding",
      plural: "mutatingadmissionpolicybindings",
      namespaced: false,
      categories: extensions,
    },
    {
      kind: "MutatingWebhookConfiguration",
      plural: "mutatingwebhookconfigurations",
      namespaced: false,
      categories: extensions,
    },
    {
      kind: "ValidatingAdmissionPolicy",
      plural: "validatingadmissionpolicies",
      namespaced: false,
      categories: extensions,
      subresources: ["status"],
    },
    {
      kind: "ValidatingAdmissionPolicyBinding",
      plural: "validatingadmissionpolicybindings",
      namespaced: false,
      categories: extensions,
    },
    {
      kind: "ValidatingWebhookConfiguration",
      plural: "validatingwebhookconfigurations",
      namespaced: false,
      categories: extensions,
    },
  ]),
  ...resourcesOf({ group: "apiextensions.k8s.io", version: "v1" }, [{
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    namespaced: false,
    shortNames: ["crd", "crds"],
    categories: extensions,
    storedAs: "apiextensions.k8s.io/customresourcedefinitions",
    subresources: ["status"],
  }]),
  ...resourcesOf({ group: "apiregistration.k8s.io", version: "v1" }, [{
    kind: "APIService",
    plural: "apiservices",
    namespaced: false,
    categories: extensions,
    storedAs: "apiregistration.k8s.io/apiservices",
    subresources: ["status"],
  }]),
  ...resourcesOf({ group: "authentication.k8s.io", version: "v1" }, [
    { kind: "SelfSubjectReview", plural: "selfsubjectreviews", namespaced: false, verbs: createOnly },
    { kind: "TokenReview", plural: "tokenreviews", namespaced: false, verbs: createOnly },
  ]),
  ...resourcesOf({ group: "authorization.k8s.io", version: "v1" }, [
    { kind: "LocalSubjectAccessReview", plural: "localsubjectaccessreviews", namespaced: true, verbs: createOnly },
    { kind: "SelfSubjectAccessReview", plural: "selfsubjectaccessreviews", namespaced: false, verbs: createOnly },
    { kind: "SelfSubjectRulesReview", plural: "selfsubjectrulesreviews", namespaced: false, verbs: createOnly },
    { kind: "SubjectAccessReview", plural: "subjectaccessreviews", namespaced: false, verbs: createOnly },
  ]),
  ...resourcesOf({ group: "certificates.k8s.io", version: "v1" }, [{
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    namespaced: false,
    shortNames: ["csr"],
    subresources: ["approval", "status"],
    selects: ["spec.signerName"],
  }]),
  ...resourcesOf({ group: "flowcontrol.apiserver.k8s.io", version: "v1" }, [
    { kind: "FlowSchema", plural: "flowschemas", namespaced: false, subresources: ["status"] },
    {
      kind: "PriorityLevelConfiguration",
      plural: "prioritylevelconfigurations",
      namespaced: false,
      subresources: ["status"],
    },
  ]),
  ...resourcesOf({ group: "rbac.authorization.k8s.io", version: "v1" }, [
    { kind: "ClusterRole", plural: "clusterroles", namespaced: false },
    { kind: "ClusterRoleBinding", plural: "clusterrolebindings", namespaced: false },
    { kind: "Role", plural: "roles", namespaced: true },
    { kind: "RoleBinding", plural: "rolebindings", namespaced: true },
  ]),
];
