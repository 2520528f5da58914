import assert from "node:assert/strict";
import fc from "fast-check";
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  compareVersions,
  groupVersionsOf,
} from "../../runtime/api/discovery/mod.ts";
import type { Json, Resource, Verb } from "../../runtime/schema/mod.ts";
import { deployment } from "./patch_sample_types.ts";

const verbs: Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

function row(group: string, version: string, kind: string, more: Partial<Resource> = {}): Resource {
  const singular = kind.toLowerCase();
  const apiVersion = group ? `${group}/${version}` : version;
  return {
    ...{ group, version, kind, listKind: `${kind}List`, plural: `${singular}s`, singular, namespaced: true, verbs },
    ...{ shortNames: [], categories: [], subresources: [], type: deployment, hasStatus: true },
    ...{ storagePrefix: `/registry/${singular}s`, storageVersion: apiVersion, selectableFields: new Map(), ...more },
  };
}

const eviction = { name: "eviction", verbs: ["create"] as Verb[], group: "policy", version: "v1", kind: "Eviction" };
const status = { name: "status", verbs: ["get", "patch", "update"] as Verb[], group: "", version: "v1", kind: "Pod" };
const rows = [
  row("example.com", "v1beta1", "Widget"),
  row("example.com", "v1", "Widget"),
  row("autoscaling", "v1", "Scaler"),
  row("autoscaling", "v2", "Scaler"),
  row("apps", "v1", "Deployment", { shortNames: ["deploy"], categories: ["all"] }),
  row("", "v1", "Pod", { shortNames: ["po"], categories: ["all"], subresources: [eviction, status] }),
  row("", "v1", "Binding", { verbs: ["create"] }),
];

Deno.test("groups come in kube-apiserver's order and the first version of each is preferred", () => {
  assert.deepEqual(groupVersionsOf(rows), [
    { group: "", versions: ["v1"] },
    { group: "apps", versions: ["v1"] },
    { group: "autoscaling", versions: ["v2", "v1"] },
    { group: "example.com", versions: ["v1", "v1beta1"] },
  ]);
  const list = apiGroupList(rows) as { groups: { name: string; preferredVersion: Json }[] };
  assert.deepEqual(list.groups.map(({ name }) => name), ["apps", "autoscaling", "example.com"]);
  assert.deepEqual(list.groups[1]?.preferredVersion, { groupVersion: "autoscaling/v2", version: "v2" });
  assert.equal(apiGroup(rows, "none"), undefined);
  assert.deepEqual(apiVersions(rows, "10.0.0.1:6443"), {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "10.0.0.1:6443" }],
  });
});

Deno.test("a list of resources is sorted, holds subresources, and hashes the storage version as upstream does", () => {
  const list = apiResourceList(rows, "", "v1") as { groupVersion: string; resources: Json[] };
  assert.deepEqual(list.resources, [
    { name: "bindings", singularName: "binding", namespaced: true, kind: "Binding", verbs: ["create"] },
    {
      ...{ name: "pods", singularName: "pod", namespaced: true, kind: "Pod", verbs },
      ...{ shortNames: ["po"], categories: ["all"], storageVersionHash: "xPOwRZ+Yhw8=" },
    },
    {
      ...{ name: "pods/eviction", singularName: "", namespaced: true, group: "policy", version: "v1" },
      ...{ kind: "Eviction", verbs: ["create"] },
    },
    { name: "pods/status", singularName: "", namespaced: true, kind: "Pod", verbs: ["get", "patch", "update"] },
  ]);
  assert.equal(apiResourceList(rows, "apps", "v9"), undefined);
});

Deno.test("aggregated discovery tells the core group under /api and every other under /apis", () => {
  const core = aggregatedDiscovery(rows, "/api") as { items: Json[] };
  assert.equal(core.items.length, 1);
  assert.equal(JSON.stringify(core).includes('"subresource":"eviction","responseKind":{"group":"policy"'), true);
  const named = aggregatedDiscovery(rows, "/apis", "v2beta1") as { apiVersion: string; items: Json[] };
  assert.equal(named.apiVersion, "apidiscovery.k8s.io/v2beta1");
  assert.equal(named.items.length, 3);
  assert.deepEqual(named.items[0], {
    metadata: { name: "apps" },
    versions: [{
      version: "v1",
      resources: [{
        ...{ resource: "deployments", responseKind: { group: "", version: "", kind: "Deployment" } },
        ...{ scope: "Namespaced", singularResource: "deployment", verbs, shortNames: ["deploy"], categories: ["all"] },
      }],
      freshness: "Current",
    }],
  });
});

Deno.test("the order of versions is total, whatever they are called", () => {
  const known = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
  const version = fc.oneof(fc.constantFrom(...known), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.equal(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a)), 0);
      if (compareVersions(a, b) < 0 && compareVersions(b, c) < 0) assert.ok(compareVersions(a, c) < 0);
    }),
    { seed: 3 },
  );
  assert.deepEqual([...known].reverse().sort(compareVersions), known);
});
