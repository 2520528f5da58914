import assert from "node:assert/strict";
import { type Desired, inventory, planFile } from "../../controllers/gitops/file_plan.ts";
import { identityOf, type ObjectRef, recordName } from "../../controllers/gitops/manifest_file.ts";
import { parseManifest } from "../../controllers/gitops/parse.ts";
import { needsConfirmation } from "../../controllers/gitops/prune_guard.ts";

const ref = (kind: string, name: string, namespace?: string): ObjectRef => ({
  apiVersion: "v1",
  kind,
  name,
  ...(namespace ? { namespace } : {}),
});

function desired(refs: readonly ObjectRef[]): Desired[] {
  return refs.map((ref, index) => ({
    ref,
    object: {},
    manifest: { object: {}, document: index + 1, line: index * 10 + 1, lineOf: () => 1 },
  }));
}

const namespace = ref("Namespace", "web");
const service = ref("Service", "web", "web");
const pod = ref("Pod", "web", "web");
const crd = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name: "widgets.example.com" };

Deno.test("CRDs and namespaces go in first and out last", () => {
  const parsed = { objects: [] };
  const status = { objects: [namespace, service, crd, pod] };
  const world = { parsed, path: "m/a.yaml", namedBy: () => undefined };
  const applied = planFile({ ...world, desired: desired([pod, service, namespace, crd]) });
  assert.ok(applied.do === "apply");
  assert.deepEqual(applied.apply.map(({ ref }) => ref), [crd, namespace, service, pod]);
  const gone = planFile({ ...world, parsed: undefined, desired: [], status });
  assert.ok(gone.do === "apply");
  assert.deepEqual([gone.prune, gone.last], [[pod, service, namespace, crd], true]);
});

Deno.test("what leaves a file is pruned, unless another file names it now", () => {
  const status = { objects: [namespace, service, pod] };
  const elsewhere = (identity: string) => identity === identityOf(service) ? "m/b.yaml" : undefined;
  const plan = planFile({
    parsed: { objects: [] },
    desired: desired([namespace]),
    status,
    namedBy: elsewhere,
    path: "m/a.yaml",
  });
  assert.ok(plan.do === "apply");
  assert.deepEqual(plan.prune, [pod]);
});

Deno.test("a broken file changes nothing", () => {
  const parsed = parseManifest("m/a.yaml", "a: [");
  const plan = planFile({
    parsed,
    desired: [],
    status: { objects: [pod] },
    namedBy: () => undefined,
    path: "m/a.yaml",
  });
  assert.equal(plan.do, "refuse");
});

Deno.test("an object that two files name belongs to the first, and the second says so", () => {
  const plan = planFile({
    parsed: { objects: [] },
    desired: desired([namespace, service]),
    namedBy: (identity) => identity === identityOf(service) ? "m/a.yaml" : "m/b.yaml",
    path: "m/b.yaml",
  });
  assert.deepEqual(plan, {
    do: "refuse",
    error: { document: 2, line: 11, message: "Service web/web is named already by m/a.yaml" },
  });
});

Deno.test("an object keeps its identity when its file moves to another version of its kind", () => {
  const [a, b] = [{ ...pod, apiVersion: "apps/v1beta1" }, { ...pod, apiVersion: "apps/v1" }];
  assert.deepEqual(inventory([a], [b]), [b]);
});

Deno.test("losing everything, or most of much, needs a confirmation, however slowly it is lost", () => {
  const cases: [number, number, number, boolean][] = [
    // present, doomed, recently pruned
    [10, 0, 0, false],
    [10, 10, 0, true],
    [1, 1, 0, true],
    [3, 2, 0, false],
    [10, 5, 0, false],
    [10, 6, 0, true],
    [7, 1, 5, false],
    [5, 1, 5, true],
    [1, 1, 9, true],
  ];
  for (const [present, doomed, recentlyPruned, expected] of cases) {
    assert.equal(
      needsConfirmation({ present, doomed, recentlyPruned }),
      expected,
      `${present} ${doomed} ${recentlyPruned}`,
    );
  }
});

Deno.test("a record's name is a valid object name that still reads like the path", () => {
  assert.equal(recordName("hello/Web App_1.yaml", "abc123"), "hello-web-app-1.yaml-abc123");
  for (const path of ["..yaml", "ä/ö.yml", `${"x".repeat(300)}.json`, "a-.yaml", "-/.-.yaml"]) {
    assert.match(recordName(path, "abc123"), /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  }
});
