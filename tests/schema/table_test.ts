/** The table of built-in kinds: whole, and laid out as upstream lays it out. */
import assert from "node:assert/strict";
import { builtinResources, structNamed, structNames, typeOf } from "../../runtime/schema/builtin/mod.ts";
import { apiVersionOf } from "../../runtime/schema/resource.ts";
import { faultsOfTable } from "../../runtime/schema/verify.ts";
import { resourceOf } from "./resource_of.ts";

Deno.test("the committed table is whole, consistent and as generated", async () => {
  assert.deepEqual(await faultsOfTable(), []);
});

Deno.test("every type of the table links", () => {
  for (const name of structNames()) assert.ok(structNamed(name)?.fields, name);
});

Deno.test("no two kinds of one version share a plural, a kind or a short name", () => {
  const seen = new Set<string>();
  for (const row of builtinResources) {
    for (const word of [row.plural, row.kind, ...row.shortNames]) {
      const key = `${apiVersionOf(row)} ${word}`;
      assert.ok(!seen.has(key), key);
      seen.add(key);
    }
  }
});

Deno.test("keys in the store stand where upstream puts them", () => {
  const prefixes: [string, string][] = [
    ["Pod", "/registry/pods"],
    ["Node", "/registry/minions"],
    ["Service", "/registry/services/specs"],
    ["Endpoints", "/registry/services/endpoints"],
    ["ReplicationController", "/registry/controllers"],
    ["Deployment", "/registry/deployments"],
    ["Ingress", "/registry/ingress"],
    ["Lease", "/registry/leases"],
    ["CustomResourceDefinition", "/registry/apiextensions.k8s.io/customresourcedefinitions"],
    ["APIService", "/registry/apiregistration.k8s.io/apiservices"],
  ];
  for (const [kind, prefix] of prefixes) assert.equal(resourceOf(kind).storagePrefix, prefix);
  assert.equal(resourceOf("Event", "events.k8s.io/v1").storagePrefix, resourceOf("Event", "v1").storagePrefix);
  assert.equal(resourceOf("HorizontalPodAutoscaler", "autoscaling/v1").storageVersion, "autoscaling/v2");
});

Deno.test("bodies that are never stored have types too, meta kinds in every version", () => {
  for (
    const [apiVersion, kind] of [
      ["v1", "Status"],
      ["apps/v1", "DeleteOptions"],
      ["policy/v1", "Eviction"],
      [
        "authentication.k8s.io/v1",
        "TokenRequest",
      ],
      ["meta.k8s.io/v1", "Table"],
      ["v1", "PodList"],
      ["v1", "APIVersions"],
      ["autoscaling/v1", "Scale"],
    ]
  ) {
    assert.ok(typeOf(apiVersion!, kind!), `${apiVersion} ${kind}`);
  }
  assert.equal(typeOf("v1", "PodSpec"), undefined);
  assert.equal(typeOf("example.com/v1", "Widget"), undefined);
});

Deno.test("list keys and patch strategies come with the fields", () => {
  const ports = structNamed("core/v1.ServiceSpec")?.fields.get("ports");
  assert.deepEqual(ports?.type.type === "list" && ports.type.keys, ["port", "protocol"]);
  assert.equal(ports?.patchMergeKey, "port");
});
