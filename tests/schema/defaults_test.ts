/** What the server fills in, drops and counts. */
import assert from "node:assert/strict";
import { convert } from "../../runtime/schema/convert/convert.ts";
import { applyDefaults } from "../../runtime/schema/defaults/apply_defaults.ts";
import { builtinResources } from "../../runtime/schema/builtin/mod.ts";
import type { KubeObject } from "../../runtime/schema/object.ts";
import { countGeneration, prepareForUpdate } from "../../runtime/schema/strategy/prepare.ts";
import { deployment, pod, podWith, service } from "./objects.ts";
import { created, resourceOf } from "./resource_of.ts";

function specOf(object: KubeObject): Record<string, unknown> {
  return object.spec as Record<string, unknown>;
}

Deno.test("a new pod is pending, has a class of service and everything that upstream fills in", () => {
  const made = created("Pod", {
    ...podWith({
      image: "web",
      ports: [{ containerPort: 80 }],
      resources: { limits: { cpu: 1, memory: "1Gi" } },
      readinessProbe: { httpGet: { port: 80 } },
    }, { volumes: [{ name: "a" }, { name: "b", secret: { secretName: "s" } }], serviceAccountName: "robot" }),
    status: { phase: "Running" },
  });
  assert.deepEqual(made.status, { phase: "Pending", qosClass: "Guaranteed" });
  assert.equal(made.metadata?.generation, 1);
  assert.deepEqual(specOf(made), {
    containers: [{
      name: "c",
      image: "web",
      ports: [{ containerPort: 80, protocol: "TCP" }],
      resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } },
      readinessProbe: {
        httpGet: { port: 80, path: "/", scheme: "HTTP" },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      imagePullPolicy: "Always",
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    }],
    volumes: [{ name: "a", emptyDir: {} }, { name: "b", secret: { secretName: "s", defaultMode: 420 } }],
    serviceAccountName: "robot",
    serviceAccount: "robot",
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    enableServiceLinks: true,
  });
});

Deno.test("defaults of every kind change nothing when they are applied again", () => {
  for (const resource of builtinResources) {
    const object: KubeObject = {
      metadata: { name: "a" },
      spec: { template: { spec: { containers: [{ name: "c" }] } } },
    };
    if (!resource.type.fields.has("spec")) delete object.spec;
    applyDefaults(resource, object);
    const once = structuredClone(object);
    applyDefaults(resource, object);
    assert.deepEqual(object, once, resource.kind);
  }
});

Deno.test("a Service gets its type, target ports and policies", () => {
  assert.deepEqual(specOf(created("Service", service)), {
    selector: { app: "web" },
    ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
  });
});

Deno.test("a Secret's stringData is stored as data", () => {
  const made = created("Secret", { metadata: { name: "s" }, stringData: { a: "ü" } });
  assert.deepEqual(made.data, { a: "w7w=" });
  assert.equal(made.stringData, undefined);
});

Deno.test("a Job selects its own pods by its uid", () => {
  const made = created("Job", { metadata: { name: "j", uid: "u1" }, spec: { template: { spec: pod.spec } } });
  assert.deepEqual(specOf(made).selector, { matchLabels: { "batch.kubernetes.io/controller-uid": "u1" } });
});

Deno.test("generation counts changes of what was asked for, and of nothing else", () => {
  const deployments = resourceOf("Deployment");
  const old = created("Deployment", deployment);
  const generationAfter = (change: (object: KubeObject) => void, subresource?: string) => {
    const next = structuredClone(old);
    change(next);
    prepareForUpdate(deployments, next, old, subresource);
    countGeneration(deployments, next, old, subresource);
    return next.metadata?.generation;
  };
  assert.equal(generationAfter((next) => specOf(next).replicas = 2), 2);
  assert.equal(generationAfter((next) => next.metadata!.labels = { a: "b" }), 1);
  assert.equal(generationAfter((next) => next.status = { replicas: 1 }, "status"), 1);
});

Deno.test("spec and status are written by separate paths", () => {
  const deployments = resourceOf("Deployment");
  const old = { ...created("Deployment", deployment), status: { replicas: 1 } };
  const both = () => ({ ...structuredClone(old), spec: { ...specOf(old), replicas: 5 }, status: { replicas: 9 } });
  const bySpec = both();
  prepareForUpdate(deployments, bySpec, old);
  assert.deepEqual([bySpec.spec.replicas, bySpec.status.replicas], [5, 1]);
  const byStatus = both();
  prepareForUpdate(deployments, byStatus, old, "status");
  assert.deepEqual([byStatus.spec.replicas, byStatus.status.replicas], [1, 9]);
});

Deno.test("versions of one kind convert there and back without loss", () => {
  const event = {
    apiVersion: "v1",
    kind: "Event",
    involvedObject: { name: "a" },
    message: "m",
    count: 2,
    type: "Normal",
  };
  const modern = convert(event, "events.k8s.io/v1");
  assert.deepEqual([modern.regarding, modern.note, modern.deprecatedCount], [{ name: "a" }, "m", 2]);
  assert.deepEqual(convert(modern, "v1"), event);
  const cpu = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } };
  const pods = { type: "Pods", pods: { metric: { name: "qps" } } };
  const autoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "h" },
    spec: { maxReplicas: 3, metrics: [cpu, pods], behavior: { scaleUp: {} } },
    status: { conditions: [{ type: "AbleToScale" }] },
  };
  const old = convert(autoscaler, "autoscaling/v1");
  assert.equal(specOf(old).targetCPUUtilizationPercentage, 50);
  assert.deepEqual(convert(old, "autoscaling/v2"), autoscaler);
});

Deno.test("an update that leaves a Service's addresses and node ports out keeps them", () => {
  const old = created("Service", {
    ...service,
    spec: { ...service.spec, type: "NodePort", clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"] },
  });
  (specOf(old).ports as { nodePort?: number }[])[0]!.nodePort = 30080;
  const next = {
    ...structuredClone(service),
    spec: { ...structuredClone(service.spec), type: "NodePort" },
  } as KubeObject;
  prepareForUpdate(resourceOf("Service"), next, old);
  assert.deepEqual([specOf(next).clusterIP, specOf(next).clusterIPs], ["10.96.0.7", ["10.96.0.7"]]);
  assert.deepEqual(specOf(next).ports, [{ port: 80, nodePort: 30080 }]);
});
