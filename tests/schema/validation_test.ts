/** Refusals in upstream's words: each pair is one object and what is said about it. */
import assert from "node:assert/strict";
import { invalid } from "../../runtime/schema/field_error.ts";
import { deployment, pod, podWith, service, template } from "./objects.ts";
import { faultsOf, faultsOfChange, resourceOf } from "./resource_of.ts";

function refuses(kind: string, object: object, ...expected: string[]): void {
  assert.deepEqual(faultsOf(kind, object), expected);
}

Deno.test("good objects are accepted", () => {
  for (const [kind, object] of [["Pod", pod], ["Deployment", deployment], ["Service", service]] as const) {
    refuses(kind, object);
  }
});

Deno.test("metadata: names, namespaces, labels, finalizers and owners follow their grammars", () => {
  refuses(
    "ConfigMap",
    { metadata: { namespace: "d" } },
    "metadata.name: Required value: name or generateName is required",
  );
  refuses("ConfigMap", { metadata: { name: "a" } }, "metadata.namespace: Required value");
  refuses(
    "Namespace",
    { metadata: { name: "a", namespace: "d" } },
    "metadata.namespace: Forbidden: not allowed on this type",
  );
  assert.match(
    faultsOf("ConfigMap", { metadata: { name: "A_b", namespace: "d" } })[0]!,
    /^metadata\.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must/,
  );
  assert.match(
    faultsOf("Service", { ...service, metadata: { name: "a.b", namespace: "d" } })[0]!,
    /must not contain dots/,
  );
  refuses("ClusterRole", { metadata: { name: "system:node" } });
  refuses("ClusterRole", { metadata: { name: "a/b" } }, "metadata.name: Invalid value: \"a/b\": may not contain '/'");
  refuses(
    "ConfigMap",
    { metadata: { name: "a", namespace: "d", finalizers: ["mine"] } },
    'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  );
  refuses(
    "ConfigMap",
    { metadata: { name: "a", namespace: "d", annotations: { a: "x".repeat(2 ** 18) } } },
    "metadata.annotations: Too long: may not be more than 262144 bytes",
  );
  assert.match(
    faultsOf("ConfigMap", { metadata: { name: "a", namespace: "d", labels: { a: "b c" } } })[0]!,
    /^metadata\.labels: Invalid value: "b c": a valid label must be/,
  );
});

Deno.test("pods: containers, volumes and policies", () => {
  refuses("Pod", { ...pod, spec: { containers: [] } }, "spec.containers: Required value");
  refuses("Pod", podWith({ image: "" }), "spec.containers[0].image: Required value");
  refuses(
    "Pod",
    podWith({ volumeMounts: [{ name: "gone", mountPath: "/x" }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "gone"',
  );
  refuses(
    "Pod",
    podWith({}, { restartPolicy: "Sometimes" }),
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  );
  refuses(
    "Pod",
    podWith({ resources: { requests: { cpu: "2" }, limits: { cpu: "500m" } } }),
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 500m',
  );
  refuses(
    "Pod",
    podWith({ ports: [{ containerPort: 70000 }] }),
    "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
  );
  refuses(
    "Pod",
    podWith({ livenessProbe: {} }),
    "spec.containers[0].livenessProbe: Required value: must specify a handler type",
  );
  refuses(
    "Pod",
    podWith({}, { volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/x" } }] }),
    "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
  );
  refuses(
    "Pod",
    { ...pod, spec: { containers: [pod.spec.containers[0], pod.spec.containers[0]] } },
    'spec.containers[1].name: Duplicate value: "c"',
  );
});

Deno.test("deployments: the selector selects the template, and stays", () => {
  refuses(
    "Deployment",
    { ...deployment, spec: { ...deployment.spec, selector: { matchLabels: { app: "other" } } } },
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  );
  refuses(
    "Deployment",
    { ...deployment, spec: { ...deployment.spec, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } },
    "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
  );
  const moved = {
    ...deployment,
    spec: { selector: { matchLabels: { a: "b" } }, template: { ...template, metadata: { labels: { a: "b" } } } },
  };
  assert.deepEqual(faultsOfChange("Deployment", deployment, moved), [
    'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
  ]);
});

Deno.test("services: ports have names when there are several, and an address stays", () => {
  refuses(
    "Service",
    { ...service, spec: { ports: [{ port: 80 }, { port: 81, name: "b" }] } },
    "spec.ports[0].name: Required value",
  );
  refuses("Service", { ...service, spec: {} }, "spec.ports: Required value");
  refuses("Service", { ...service, spec: { clusterIP: "None" } });
  const at = (clusterIP: string) => ({ ...service, spec: { ...service.spec, clusterIP, clusterIPs: [clusterIP] } });
  assert.deepEqual(faultsOfChange("Service", at("10.96.0.7"), at("10.96.0.8")), [
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set',
  ]);
});

Deno.test("a pod's image may change, its command may not", () => {
  assert.deepEqual(faultsOfChange("Pod", pod, podWith({ image: "web:2" })), []);
  assert.match(
    faultsOfChange("Pod", pod, podWith({ command: ["x"] }))[0]!,
    /^spec: Forbidden: pod updates may not change/,
  );
});

Deno.test("what is immutable by its own word stays", () => {
  const map = { metadata: { name: "a", namespace: "d" }, immutable: true, data: { a: "1" } };
  assert.deepEqual(faultsOfChange("ConfigMap", map, { ...map, data: { a: "2" } }), [
    "data: Forbidden: field is immutable when `immutable` is set",
  ]);
});

Deno.test("the small kinds: roles, jobs, definitions, policies", () => {
  const metadata = { name: "a", namespace: "d" };
  refuses(
    "Role",
    { metadata, rules: [{ verbs: [], apiGroups: [""], resources: ["pods"] }] },
    "rules[0].verbs: Required value: verbs must contain at least one value",
  );
  refuses(
    "Job",
    { metadata: { ...metadata, uid: "u" }, spec: { template } },
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  );
  refuses(
    "CustomResourceDefinition",
    {
      metadata: { name: "wrong" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "widgets", kind: "Widget" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
      },
    },
    'metadata.name: Invalid value: "wrong": must be spec.names.plural+"."+spec.group',
  );
});

Deno.test("several faults become one Status with a cause each", () => {
  const error = invalid(resourceOf("Deployment"), "web", [
    { reason: "FieldValueRequired", field: "spec.a", message: "Required value" },
    { reason: "FieldValueForbidden", field: "spec.b", message: "Forbidden: no" },
  ]);
  assert.equal(error.code, 422);
  assert.equal(error.message, 'Deployment.apps "web" is invalid: [spec.a: Required value, spec.b: Forbidden: no]');
  assert.equal(error.details.causes?.length, 2);
});
