/** The kinds whose specs few people write: each row is one bad object and what is said about it, in upstream's words. */
import assert from "node:assert/strict";
import { faultsOf, faultsOfChange } from "./resource_of.ts";

type Row = readonly [kind: string, body: object, ...faults: string[]];

function check(...rows: readonly Row[]): void {
  for (const [kind, body, ...faults] of rows) {
    assert.deepEqual(
      faultsOf(kind, { metadata: { name: "a", ...inNamespace.has(kind) ? { namespace: "d" } : {} }, ...body }),
      faults,
    );
  }
}

const inNamespace = new Set([
  "ResourceClaim",
  "ResourceClaimTemplate",
  "CSIStorageCapacity",
  "HorizontalPodAutoscaler",
  "Ingress",
]);

Deno.test("addresses of Services: names are canonical addresses, ranges are canonical and of one family each", () => {
  const parentRef = { resource: "services", namespace: "d", name: "a" };
  check(
    ["IPAddress", { metadata: { name: "10.0.0.1" }, spec: { parentRef } }],
    [
      "IPAddress",
      { spec: { parentRef } },
      'metadata.name: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      "IPAddress",
      { metadata: { name: "2001:DB8::0" }, spec: {} },
      'metadata.name: Invalid value: "2001:DB8::0": must be in canonical form ("2001:db8::")',
      "spec.parentRef: Required value",
    ],
    ["ServiceCIDR", { spec: { cidrs: ["10.0.0.0/8", "fd00::/64"] } }],
    ["ServiceCIDR", { spec: { cidrs: [] } }, "spec.cidrs: Required value: at least one CIDR required"],
    [
      "ServiceCIDR",
      { spec: { cidrs: ["10.0.0.1/8"] } },
      'spec.cidrs[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
    ],
  );
  const cidr = (...cidrs: string[]) => ({ metadata: { name: "a" }, spec: { cidrs } });
  assert.deepEqual(faultsOfChange("ServiceCIDR", cidr("10.0.0.0/8"), cidr("10.0.0.0/8", "fd00::/64")), []);
  assert.deepEqual(faultsOfChange("ServiceCIDR", cidr("10.0.0.0/8"), cidr("10.0.0.0/9")), [
    'spec.cidrs[0]: Invalid value: "10.0.0.0/9": field is immutable',
  ]);
});

Deno.test("webhooks: names, targets, rules and versions", () => {
  const webhook = {
    name: "a.example.com",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    clientConfig: { url: "https://example.com/hook" },
    rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
  };
  const hooks = (change: object) => ({ webhooks: [{ ...webhook, ...change }] });
  const kind = "ValidatingWebhookConfiguration";
  check(
    [kind, hooks({})],
    [
      kind,
      hooks({ name: "a" }),
      'webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots',
    ],
    [
      kind,
      hooks({ sideEffects: "Some" }),
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    ],
    [
      kind,
      hooks({ clientConfig: {} }),
      "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
    ],
    [
      kind,
      hooks({ clientConfig: { url: "http://example.com?a=b" } }),
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      'webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
    ],
    [
      kind,
      hooks({ admissionReviewVersions: ["v9"] }),
      'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ],
    [
      kind,
      hooks({
        rules: [{ operations: ["*", "CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["*", "pods"] }],
      }),
      `webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
      `webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
    ],
  );
});

Deno.test("admission policies and their bindings", () => {
  const matchConstraints = {
    resourceRules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
  };
  const nothing = "Required value: validations or auditAnnotations must contain at least one item";
  const policy = (change: object) => ({
    spec: { matchConstraints, validations: [{ expression: "true" }], ...change },
  });
  const kind = "ValidatingAdmissionPolicy";
  check(
    [kind, policy({})],
    [kind, policy({ validations: [] }), `spec.validations: ${nothing}`, `spec.auditAnnotations: ${nothing}`],
    [kind, policy({ matchConstraints: undefined }), "spec.matchConstraints: Required value"],
    [kind, policy({ paramKind: { apiVersion: "v1" } }), "spec.paramKind.kind: Required value"],
    [
      kind,
      policy({ validations: [{ expression: "true", reason: "Because" }] }),
      'spec.validations[0].reason: Unsupported value: "Because": supported values: "Forbidden", "Invalid", ' +
      '"RequestEntityTooLarge", "Unauthorized"',
    ],
    [
      "MutatingAdmissionPolicy",
      { spec: { matchConstraints, reinvocationPolicy: "Never", mutations: [{ patchType: "JSONPatch" }] } },
      "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
    ],
    [
      "ValidatingAdmissionPolicyBinding",
      { spec: { policyName: "p", paramRef: { name: "x" }, validationActions: ["Deny", "Deny"] } },
      "spec.paramRef.parameterNotFoundAction: Required value",
      'spec.validationActions[1]: Duplicate value: "Deny"',
    ],
    [
      "ValidatingAdmissionPolicyBinding",
      { spec: { policyName: "", validationActions: [] } },
      "spec.policyName: Required value",
      "spec.validationActions: Required value: at least one validation action is required",
    ],
  );
});

Deno.test("flow control: subjects have the part of their kind, levels that of their type", () => {
  const rule = { verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true };
  const schema = (subject: object, change: object = {}) => ({
    spec: {
      priorityLevelConfiguration: { name: "p" },
      matchingPrecedence: 1000,
      rules: [{ subjects: [subject], resourceRules: [{ ...rule, ...change }] }],
    },
  });
  check(
    ["FlowSchema", schema({ kind: "User", user: { name: "x" } })],
    [
      "FlowSchema",
      schema({ kind: "User", group: { name: "x" } }),
      "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
    ],
    [
      "FlowSchema",
      schema({ kind: "User", user: { name: "x" } }, { clusterScope: false }),
      "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply " +
      "at least one namespace",
    ],
    [
      "PriorityLevelConfiguration",
      { spec: { type: "Limited" } },
      "spec.limited: Required value: must not be empty when type is Limited",
    ],
    [
      "PriorityLevelConfiguration",
      {
        spec: {
          type: "Limited",
          limited: { limitResponse: { type: "Queue", queuing: { queues: 2, handSize: 8, queueLengthLimit: 50 } } },
        },
      },
      "spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (2)",
    ],
  );
});

Deno.test("devices: requests say what they want once, and are known to whoever names them", () => {
  const claim = (request: object, more: object = {}) => ({
    spec: { devices: { requests: [{ name: "gpu", ...request }], ...more } },
  });
  check(
    ["ResourceClaim", claim({ exactly: { deviceClassName: "gpu.example.com" } })],
    [
      "ResourceClaim",
      claim({}),
      "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
    ],
    [
      "ResourceClaim",
      claim({ exactly: { deviceClassName: "", allocationMode: "All", count: 2 } }),
      "spec.devices.requests[0].exactly.deviceClassName: Required value",
      "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
    ],
    [
      "ResourceClaimTemplate",
      {
        spec: claim({ exactly: { deviceClassName: "x" } }, {
          constraints: [{ requests: ["cpu"], matchAttribute: "a/b" }],
        }),
      },
      `spec.spec.devices.constraints[0].requests[0]: Invalid value: "cpu": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`,
    ],
    [
      "DeviceClass",
      { spec: { selectors: [{ cel: { expression: "" } }] } },
      "spec.selectors[0].cel.expression: Required value",
    ],
    [
      "ResourceSlice",
      { spec: { driver: "d.example.com", pool: { name: "p", generation: 1, resourceSliceCount: 0 } } },
      "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required",
      "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
    ],
  );
});

Deno.test("storage: drivers, nodes, attachments and attribute classes", () => {
  check(
    [
      "CSIDriver",
      { spec: { tokenRequests: [{ audience: "a", expirationSeconds: 10 }, { audience: "a" }] } },
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes",
    ],
    ["CSINode", { spec: { drivers: [{ name: "d", nodeID: "" }] } }, "spec.drivers[0].nodeID: Required value"],
    [
      "CSIStorageCapacity",
      { storageClassName: "s", capacity: "-1" },
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ],
    [
      "VolumeAttachment",
      { spec: { attacher: "d", nodeName: "n", source: {} } },
      "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
    ],
    [
      "VolumeAttributesClass",
      { driverName: "d" },
      "parameters: Required value: must contain at least one key/value pair",
    ],
  );
  const driver = (attachRequired: boolean) => ({ metadata: { name: "d" }, spec: { attachRequired } });
  assert.deepEqual(faultsOfChange("CSIDriver", driver(true), driver(false)), [
    "spec.attachedRequired: Invalid value: false: field is immutable",
  ]);
});

Deno.test("certificate requests hold a request, and not of the signer that v1 gave up", () => {
  check([
    "CertificateSigningRequest",
    { spec: { request: btoa("nothing"), usages: ["client auth"], signerName: "kubernetes.io/legacy-unknown" } },
    `spec.request: Invalid value: "${btoa("nothing")}": PEM block type must be CERTIFICATE REQUEST`,
    'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
  ]);
});

Deno.test("autoscalers measure what their metric's type says", () => {
  const spec = (metric: object) => ({
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "x" },
      maxReplicas: 2,
      metrics: [metric],
    },
  });
  check(
    [
      "HorizontalPodAutoscaler",
      spec({ type: "Pods" }),
      "spec.metrics[0].pods: Required value: must populate information for the given metric source",
    ],
    [
      "HorizontalPodAutoscaler",
      spec({ type: "Resource", resource: { name: "cpu", target: { type: "Utilization" } } }),
      "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a " +
      "target utilization",
    ],
  );
});

Deno.test("a Job's policies name causes and containers that there are", () => {
  const pod = { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] };
  const job = (policies: object) => ({
    metadata: { name: "a", namespace: "d", uid: "u" },
    spec: { template: { spec: pod }, ...policies },
  });
  const rule = "spec.podFailurePolicy.rules[0]";
  const onExitCodes = { operator: "In", values: [0, 7], containerName: "x" };
  check(
    [
      "Job",
      job({ podFailurePolicy: { rules: [{ action: "Ignore", onExitCodes: { operator: "NotIn", values: [0] } }] } }),
    ],
    [
      "Job",
      job({ podFailurePolicy: { rules: [{ action: "FailIndex", onExitCodes }] } }),
      `${rule}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
      `${rule}.onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template`,
      `${rule}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator`,
    ],
    [
      "Job",
      job({ podFailurePolicy: { rules: [{ action: "Count" }] } }),
      `${rule}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
    ],
    [
      "Job",
      job({ completionMode: "Indexed", completions: 1, successPolicy: { rules: [{}] } }),
      "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified",
    ],
  );
});

Deno.test("volumes and claims say where they are and what they come from", () => {
  const volume = (source: object) => ({
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, ...source },
  });
  check(
    ["PersistentVolume", volume({ hostPath: { path: "/data" } })],
    [
      "PersistentVolume",
      volume({ hostPath: { path: "/a/../b" } }),
      "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
    ],
    ["PersistentVolume", volume({ csi: { driver: "d", volumeHandle: "" } }), "spec.csi.volumeHandle: Required value"],
    [
      "PersistentVolume",
      volume({ local: { path: "/x" } }),
      "spec.nodeAffinity: Required value: Local volume requires node affinity",
    ],
    ["StorageClass", { provisioner: "" }, "provisioner: Required value"],
    [
      "PersistentVolumeClaim",
      {
        metadata: { name: "a", namespace: "d" },
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: "1Gi" } },
          dataSourceRef: { kind: "Pod", name: "x" },
        },
      },
      `spec.dataSource: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
      `spec.dataSourceRef: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
    ],
  );
});
