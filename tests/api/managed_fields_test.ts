import assert from "node:assert/strict";
import { applyObject, trackUpdate } from "../../runtime/api/managed_fields/mod.ts";
import { builtinResources, type KubeObject, type Resource, StatusError } from "../../runtime/schema/mod.ts";
import { field, int, struct, text } from "./patch_sample_types.ts";

const now = "2026-01-01T00:00:00Z";
const later = "2026-01-02T00:00:00Z";
const deployments = builtinResources.find(({ plural, version }) => plural === "deployments" && version === "v1")!;
const pods = builtinResources.find(({ plural, group }) => plural === "pods" && group === "")!;

interface Step {
  readonly manager?: string;
  readonly force?: boolean;
  readonly subresource?: string;
  readonly now?: string;
  readonly resource?: Resource;
}

function apply(live: KubeObject | undefined, applied: KubeObject, step: Step = {}): KubeObject {
  const { manager = "a", force = false, subresource = "", resource = deployments } = step;
  return applyObject({ live, applied, resource, manager, force, subresource, now: step.now ?? now });
}

function update(live: KubeObject | undefined, updated: KubeObject, step: Step = {}): KubeObject {
  const { manager = "a", subresource = "", resource = deployments } = step;
  const managedFields = trackUpdate({ live, updated, resource, manager, subresource, now: step.now ?? now });
  return { ...updated, metadata: { ...updated.metadata, managedFields } };
}

function object(spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "x", namespace: "default", ...metadata },
    spec,
  };
}

const withContainers = (...containers: Record<string, unknown>[]) => object({ template: { spec: { containers } } });

const owned = (value: KubeObject, manager: string, operation: string = "Apply") =>
  value.metadata?.managedFields?.find((entry) => entry.manager === manager && entry.operation === operation)?.fieldsV1;

const spec = (value: KubeObject) => value.spec as Record<string, unknown>;

function refusal(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

Deno.test("a created pod's fields are written down as kube-apiserver writes them", () => {
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "1", labels: { run: "web" } },
    spec: {
      containers: [{ name: "web", image: "nginx", ports: [{ containerPort: 80 }], resources: {} }],
      restartPolicy: "Always",
      securityContext: {},
    },
    status: {},
  };
  const [entry] = trackUpdate({ updated: pod, resource: pods, manager: "kubectl-run", subresource: "", now });
  assert.deepEqual(entry, {
    ...{ manager: "kubectl-run", operation: "Update", apiVersion: "v1", time: now, fieldsType: "FieldsV1" },
    fieldsV1: {
      "f:metadata": { "f:labels": { ".": {}, "f:run": {} } },
      "f:spec": {
        "f:containers": {
          'k:{"name":"web"}': {
            ...{ ".": {}, "f:image": {}, "f:name": {} },
            "f:ports": { ".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
            "f:resources": {},
          },
        },
        ...{ "f:restartPolicy": {}, "f:securityContext": {} },
      },
    },
  });
});

Deno.test("an applied object owns its leaves and its list items, and not what lies between", () => {
  const applied = apply(undefined, { ...withContainers({ name: "c", image: "1", args: ["x"] }) });
  assert.deepEqual(owned(applied, "a"), {
    "f:spec": {
      "f:template": {
        "f:spec": { "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:args": {}, "f:image": {}, "f:name": {} } } },
      },
    },
  });
});

Deno.test("applying the same again returns the live object itself", () => {
  const live = apply(undefined, object({ replicas: 3 }));
  assert.equal(apply(live, object({ replicas: 3 }), { now: later }), live);
});

Deno.test("a conflict names the manager, its version and the field, one cause for each", () => {
  const live = update(undefined, object({ replicas: 3 }), { manager: "kubectl-client-side-apply" });
  const one = refusal(() => apply(live, object({ replicas: 4 })));
  assert.equal(one.code, 409);
  assert.equal(
    one.message,
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
  );
  assert.deepEqual(one.details.causes, [{
    reason: "FieldManagerConflict",
    message: 'conflict with "kubectl-client-side-apply" using apps/v1',
    field: ".spec.replicas",
  }]);
  const image = (tag: string) => withContainers({ name: "c", image: tag, ports: [{ containerPort: 1, name: tag }] });
  const two = refusal(() => apply(apply(undefined, image("1"), { manager: "b" }), image("2")));
  assert.equal(
    two.message,
    'Apply failed with 2 conflicts: conflicts with "b":\n- .spec.template.spec.containers[name="c"].image\n' +
      '- .spec.template.spec.containers[name="c"].ports[containerPort=1,protocol="TCP"].name',
  );
});

Deno.test("force takes the field over; agreeing shares it", () => {
  const live = apply(undefined, object({ replicas: 3, paused: true }), { manager: "b" });
  const taken = apply(live, object({ replicas: 4 }), { force: true });
  assert.equal(spec(taken).replicas, 4);
  assert.deepEqual(owned(taken, "b"), { "f:spec": { "f:paused": {} } });
  const shared = apply(live, object({ replicas: 3 }));
  assert.deepEqual(owned(shared, "a"), { "f:spec": { "f:replicas": {} } });
  assert.deepEqual(owned(shared, "b"), { "f:spec": { "f:paused": {}, "f:replicas": {} } });
});

Deno.test("what a manager no longer applies goes, unless somebody else owns it", () => {
  const first = apply(undefined, object({ replicas: 3, paused: true }, { labels: { a: "1", b: "2" } }));
  const shared = apply(first, object({ replicas: 3 }), { manager: "b" });
  const left = apply(shared, object({}, { labels: { b: "2" } }));
  assert.deepEqual(left.spec, { replicas: 3 });
  assert.deepEqual(left.metadata?.labels, { b: "2" });
  const removedItem = apply(
    apply(undefined, withContainers({ name: "c" }, { name: "d" })),
    withContainers({ name: "d" }),
  );
  assert.deepEqual((spec(removedItem).template as KubeObject).spec, { containers: [{ name: "d" }] });
});

Deno.test("a struct goes with its last owner, and takes along what was defaulted into it", () => {
  const applied = apply(undefined, object({ replicas: 1, strategy: { type: "RollingUpdate" } }));
  const defaulted = structuredClone(applied);
  spec(defaulted).strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%" } };
  assert.deepEqual(apply(defaulted, object({ replicas: 1 })).spec, { replicas: 1 });
});

Deno.test("applied list items keep their order and live ones stay before what followed them", () => {
  const names = (value: KubeObject) =>
    ((spec(value).template as KubeObject).spec as { containers: { name: string }[] }).containers.map((c) => c.name);
  const live = update(undefined, withContainers({ name: "a" }, { name: "side" }, { name: "b" }), { manager: "z" });
  assert.deepEqual(names(apply(live, withContainers({ name: "b" }, { name: "n" }))), ["a", "side", "b", "n"]);
});

Deno.test("an update owns what it changed, and takes it from others; nobody owns what went", () => {
  const live = apply(undefined, object({ replicas: 3, paused: true }));
  const scaled = update(live, { ...live, spec: { replicas: 5 } }, { manager: "hpa", subresource: "scale", now: later });
  assert.deepEqual(scaled.metadata?.managedFields?.map((entry) => [entry.manager, entry.subresource, entry.time]), [
    ["hpa", "scale", later],
  ]);
  assert.deepEqual(owned(scaled, "hpa", "Update"), { "f:spec": { "f:replicas": {} } });
  const message = refusal(() => apply(scaled, object({ replicas: 1 }))).message;
  assert.match(message, /conflict with "hpa" with subresource "scale" using apps\/v1: .spec.replicas/);
});

Deno.test("an update that changes nothing keeps the entries, their times included", () => {
  const live = update(undefined, object({ replicas: 3 }));
  assert.equal(
    update(live, structuredClone(live), { now: later }).metadata?.managedFields,
    live.metadata?.managedFields,
  );
  const touched = update(live, { ...live, metadata: { ...live.metadata, resourceVersion: "9", generation: 4 } }, {
    manager: "b",
  });
  assert.equal(touched.metadata?.managedFields?.length, 1);
});

Deno.test("a client that sends an empty list resets managedFields, one that sends none keeps them", () => {
  const live = update(undefined, object({ replicas: 3 }));
  const without = { ...live, metadata: { ...live.metadata, managedFields: undefined } };
  assert.deepEqual(update(live, without).metadata?.managedFields, live.metadata?.managedFields);
  for (const managedFields of [[], [{}]]) {
    const reset = { ...live, metadata: { ...live.metadata, managedFields } };
    assert.deepEqual(update(live, reset).metadata?.managedFields, []);
  }
});

Deno.test("entries that no server wrote are not believed", () => {
  for (const fieldsV1 of [{ spec: {} }, { "f:spec": { "k:{bad": {} } }, { "f:spec": 5 }, { "i:x": {} }]) {
    const sent = object({ replicas: 1 }, { managedFields: [{ manager: "forged", operation: "Update", fieldsV1 }] });
    assert.deepEqual(update(undefined, sent).metadata?.managedFields?.map(({ manager }) => manager), ["a"]);
  }
});

Deno.test("eleven updaters leave ten entries, the oldest folded into ancient-changes", () => {
  let live = update(undefined, object({}, { labels: { l: "x" } }), { manager: "m0" });
  for (let i = 0; i < 12; i++) {
    const labels = { ...live.metadata?.labels, [`l${i}`]: "x" };
    const time = `2026-01-01T00:00:${String(i).padStart(2, "0")}Z`;
    live = update(live, { ...live, metadata: { ...live.metadata, labels } }, { manager: `m${i}`, now: time });
  }
  const managers = live.metadata?.managedFields?.map((entry) => entry.manager);
  assert.equal(managers?.length, 10);
  assert.equal(managers?.[0], "ancient-changes");
  assert.deepEqual(owned(live, "ancient-changes", "Update"), {
    "f:metadata": { "f:labels": { ".": {}, "f:l": {}, "f:l0": {}, "f:l1": {}, "f:l2": {} } },
  });
});

Deno.test("an object that nobody owns is not tracked until somebody applies it", () => {
  const reset = update(undefined, object({ replicas: 1 }));
  reset.metadata!.managedFields = [];
  const changed = update(reset, { ...reset, spec: { replicas: 2 } });
  assert.deepEqual(changed.metadata?.managedFields, []);
  const applied = apply(changed, object({ replicas: 2 }), { manager: "b" });
  assert.deepEqual(applied.metadata?.managedFields?.map(({ manager }) => manager), ["b", "before-first-apply"]);
});

Deno.test("kubectl's own client-side apply is no conflict for its server-side apply", () => {
  const annotation = "kubectl.kubernetes.io/last-applied-configuration";
  const last = object({ replicas: 3 });
  const written = object({ replicas: 3 }, { annotations: { [annotation]: JSON.stringify(last) } });
  const live = update(undefined, written, { manager: "kubectl-client-side-apply" });
  assert.equal(refusal(() => apply(live, object({ replicas: 4 }), { manager: "other" })).code, 409);
  const moved = apply(live, object({ replicas: 4 }), { manager: "kubectl" });
  assert.equal(spec(moved).replicas, 4);
  assert.equal(JSON.parse(moved.metadata?.annotations?.[annotation] ?? "{}").spec.replicas, 4);
});

Deno.test("status is applied through its subresource only, under an entry of its own", () => {
  const live = apply(undefined, { ...object({ replicas: 1 }), status: { replicas: 9 } });
  assert.equal(live.status, undefined);
  const written = apply(live, { ...object({ replicas: 7 }), status: { replicas: 2 } }, { subresource: "status" });
  assert.deepEqual([spec(written).replicas, written.status], [1, { replicas: 2 }]);
  assert.deepEqual(written.metadata?.managedFields?.map(({ subresource }) => subresource), [undefined, "status"]);
});

Deno.test("an object that nothing tracked belongs to before-first-apply", () => {
  const live = object({ replicas: 3 });
  assert.match(refusal(() => apply(live, object({ replicas: 4 }))).message, /"before-first-apply" using apps\/v1/);
  const agreed = apply(live, object({ replicas: 3 }));
  assert.deepEqual(agreed.metadata?.managedFields?.map(({ manager }) => manager), ["a", "before-first-apply"]);
});

Deno.test("unknown fields, twins in a list and managedFields cannot be applied", () => {
  const unknown = refusal(() => apply(undefined, object({ replica: 1 })));
  assert.equal(
    unknown.message,
    "failed to create typed patch object (default/x; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema",
  );
  const twins = refusal(() => apply(undefined, withContainers({ name: "c" }, { name: "c" })));
  assert.match(twins.message, /\.spec\.template\.spec\.containers: duplicate entries for key \[name="c"\]/);
  assert.equal(refusal(() => apply(undefined, object({}, { managedFields: [{ manager: "x" }] }))).code, 400);
});

Deno.test("a quantity in other words is no change", () => {
  const limits = (cpu: string) => withContainers({ name: "c", resources: { limits: { cpu } } });
  const live = apply(undefined, limits("500m"));
  assert.equal(apply(live, limits("0.5")), live);
});

Deno.test("null takes a field away, or is its value where the type says so", () => {
  const nullable = { ...field("size", int), nullable: true };
  const type = struct(
    "",
    field("apiVersion", text),
    field("kind", text),
    field("spec", struct("", nullable, field("n", int))),
  );
  const custom: Resource = { ...deployments, group: "example.com", kind: "Widget", type };
  const widget = (spec: Record<string, unknown>): KubeObject => ({
    apiVersion: "example.com/v1",
    kind: "Widget",
    spec,
  });
  const live = apply(undefined, widget({ size: 1, n: 1 }), { resource: custom, manager: "b" });
  const nulled = widget({ size: null });
  assert.equal(refusal(() => apply(live, nulled, { resource: custom })).code, 409);
  assert.deepEqual(apply(live, nulled, { resource: custom, force: true }).spec, { size: null, n: 1 });
  assert.deepEqual(apply(live, widget({ n: null }), { resource: custom, force: true }).spec, { size: 1 });
});
