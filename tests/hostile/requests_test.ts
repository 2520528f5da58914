/** Whatever is sent, the answer is the sender's fault or a good one: no 5xx, no crash, no hang. Seeds are fixed. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { apiVersionOf, builtinResources, encodeProtobuf, type Resource } from "../../runtime/schema/mod.ts";
import { anything, damaged, objectOf } from "./arbitraries.ts";
import { type HostileRequest, type Target, target } from "./target.ts";

const json = { "content-type": "application/json" };
const deployments = "/apis/apps/v1/namespaces/default/deployments";

const web = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "web:1" }] } },
  },
};

function folderOf(resource: Resource): string {
  const root = resource.group ? `/apis/${apiVersionOf(resource)}` : `/api/${resource.version}`;
  return `${root}/${resource.namespaced ? "namespaces/default/" : ""}${resource.plural}`;
}

/** `runs` requests, and afterwards the server is as well as before. */
async function survive(world: Target, requests: fc.Arbitrary<HostileRequest>, runs: number): Promise<void> {
  const property = fc.asyncProperty(requests, async (hostile) => void await world.send(hostile));
  await fc.assert(property, { numRuns: runs, seed: 20_300, interruptAfterTimeLimit: 120_000 });
  assert.equal((await world.send({ path: "/readyz" })).text, "ok");
}

Deno.test("objects of every kind with wrong values are refused, or stored and read back", async () => {
  await using world = await target();
  const creatable = builtinResources.filter(({ verbs }) => verbs.includes("create"));
  for (const resource of creatable) {
    const body = objectOf(resource).map((object) => JSON.stringify(object));
    const query = fc.constantFrom("", "?dryRun=All", "?fieldValidation=Strict");
    await survive(
      world,
      fc.tuple(body, query).map(([body, query]) => ({
        method: "POST",
        path: folderOf(resource) + query,
        headers: json,
        body,
      })),
      12,
    );
  }
  for (const resource of creatable.filter(({ verbs }) => verbs.includes("list"))) {
    for (
      const accept of [
        "application/json",
        "application/json;as=Table;g=meta.k8s.io;v=v1",
        "application/vnd.kubernetes.protobuf",
      ]
    ) {
      assert.equal((await world.send({ path: folderOf(resource), headers: { accept } })).status, 200, resource.kind);
    }
  }
});

Deno.test("bodies that are no JSON, no YAML and no protobuf are refused", async () => {
  await using world = await target();
  const types = fc.constantFrom(
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    "application/json; charset=x",
    "",
    "a/b/c",
  );
  const good = new TextEncoder().encode(JSON.stringify(web));
  const type = builtinResources.find(({ kind }) => kind === "Deployment")!.type;
  const binary = encodeProtobuf(type, structuredClone(web));
  const bodies = fc.oneof(
    damaged(good),
    damaged(binary),
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  await survive(
    world,
    fc.tuple(bodies, types).map(([body, type]) => ({
      method: "POST",
      path: `${deployments}?dryRun=All`,
      headers: { "content-type": type },
      body,
    })),
    400,
  );
});

Deno.test("patches of every kind, sane or not, change an object or are refused", async () => {
  await using world = await target();
  await world.send({ method: "POST", path: deployments, headers: json, body: JSON.stringify(web) });
  const pointer = fc.constantFrom(
    "",
    "/spec",
    "/spec/replicas",
    "/spec/template/spec/containers/0",
    "/spec/template/spec/containers/-",
    "/metadata/labels/a~1b",
    "/x/y",
    "//",
    "~2",
  );
  const step = fc.record({
    op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "eat"),
    path: pointer,
    from: pointer,
    value: anything,
  }, { requiredKeys: ["op"] });
  const deployment = objectOf(builtinResources.find(({ kind }) => kind === "Deployment")!);
  const directives = fc.record({
    $patch: fc.constantFrom("replace", "delete", "merge", "x"),
    $retainKeys: anything,
    "$setElementOrder/containers": anything,
    "$deleteFromPrimitiveList/finalizers": anything,
  }, { requiredKeys: [] });
  const strategic = fc.tuple(deployment, directives).map(([object, extra]) => ({
    spec: { ...object.spec as object, ...extra },
  }));
  const patches = fc.oneof(
    fc.tuple(fc.constant("application/json-patch+json"), fc.array(step, { maxLength: 5 })),
    fc.tuple(fc.constant("application/merge-patch+json"), fc.oneof(deployment, anything)),
    fc.tuple(fc.constant("application/strategic-merge-patch+json"), fc.oneof(strategic, deployment, anything)),
    fc.tuple(fc.constant("application/apply-patch+yaml"), fc.oneof(deployment, anything)),
  );
  const places = fc.constantFrom("web", "web/status", "web/scale", "new");
  await survive(
    world,
    fc.tuple(patches, places).map(([[type, patch], place]) => ({
      method: "PATCH",
      path: `${deployments}/${place}?fieldManager=hostile&force=true`,
      headers: { "content-type": type },
      body: JSON.stringify(patch),
    })),
    500,
  );
});

Deno.test("paths, queries and headers of any form are answered", async () => {
  await using world = await target();
  const segment = fc.constantFrom(
    "api",
    "apis",
    "v1",
    "apps",
    "namespaces",
    "default",
    "pods",
    "..",
    ".",
    "",
    "%2e%2e",
    "%2F",
    "%00",
    "%zz",
    "status",
    "exec",
    "proxy",
    "log",
    "metrics",
    "openapi",
    "v3",
    "healthz",
    "watch",
    "x".repeat(5000),
    "é".normalize(),
  );
  const value = fc.constantFrom(
    "",
    "0",
    "-1",
    "1",
    "true",
    "abc",
    "99999999999999999999",
    "a=b",
    "a in (b,c)",
    "a in (",
    "!a,b!=c",
    "metadata.name=x",
    "status.phase!=Running",
    "x==",
    "=",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0",
    "%ff%fe",
    "All",
    "Exact",
  );
  const name = fc.constantFrom(
    "limit",
    "continue",
    "resourceVersion",
    "resourceVersionMatch",
    "labelSelector",
    "fieldSelector",
    "watch",
    "sendInitialEvents",
    "allowWatchBookmarks",
    "timeoutSeconds",
    "dryRun",
    "fieldManager",
    "pretty",
    "propagationPolicy",
    "gracePeriodSeconds",
    "timeout",
    "follow",
    "command",
  );
  const query = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((pairs) =>
    pairs.map(([name, value]) => `${name}=${encodeURI(value)}`).join("&")
  );
  const known = fc.constantFrom(
    "/api/v1/pods",
    "/api/v1/namespaces/default/pods/x/log",
    "/apis/apps/v1/deployments",
    "/api/v1/nodes/x/proxy/a",
    "/openapi/v2",
    "/apis",
    "/api/v1/namespaces/default/configmaps",
  );
  const path = fc.oneof(
    known,
    fc.array(segment, { maxLength: 8 }).map((parts) => `/${encodeURI(parts.join("/")).replaceAll("%25", "%")}`),
  );
  const headers = fc.dictionary(
    fc.constantFrom(
      "accept",
      "content-type",
      "authorization",
      "impersonate-user",
      "impersonate-group",
      "x-remote-user",
      "upgrade",
      "range",
      "if-none-match",
      "accept-encoding",
      "x-http-method-override",
      "origin",
      "user-agent",
    ),
    fc.constantFrom(
      "",
      "*/*",
      "application/json;q=2",
      "application/json;as=Table;v=v9;g=x",
      ",,,;;;",
      "gzip, br;q=x",
      "Bearer x",
      "Bearer a.b.c",
      "SPDY/3.1",
      "system:masters",
      "bytes=0-1",
      "x".repeat(3000),
    ),
    { maxKeys: 3 },
  );
  const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND");
  await survive(
    world,
    fc.tuple(method, path, query, headers).map(([method, path, query, headers]) => ({
      method,
      path: query ? `${path}?${query}` : path,
      headers,
    })),
    800,
  );
});

Deno.test("expressions and regexes of custom resources and policies are compiled or refused", async () => {
  await using world = await target();
  const atom = fc.constantFrom(
    "self",
    "oldSelf",
    "1",
    "1u",
    "-9223372036854775808",
    "1.5",
    "'a'",
    "b'\\xff'",
    "true",
    "null",
    "[1,2]",
    "{'a': 1}",
    "duration('1h')",
    "object",
    "request",
    "params",
  );
  const operator = fc.constantFrom(
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    ">=",
    "&&",
    "||",
    "in",
    "?",
    ".",
    "..",
    "[",
    "]",
    "(",
    ")",
    ":",
    ",",
    "!",
    "{",
    "}",
  );
  const call = fc.constantFrom(
    "size(self)",
    "self.matches('(a+)+$')",
    "self.all(x, x > 0)",
    "self.map(x, x, x)",
    "cel.bind(x, 1, x)",
    "has(self.a)",
    "optional.of(1)",
    "quantity('1Gi')",
    "ip('::1')",
    "self.format(['%s'])",
    "type(self)",
    "string(self)",
    "unknown(1)",
  );
  const expression = fc.array(fc.oneof(atom, operator, call), { minLength: 1, maxLength: 9 }).map((parts) =>
    parts.join(" ")
  );
  const pattern = fc.constantFrom("^a+$", "(a+)+$", "[", "(?=a)", "\\", "a{1,99999}", "(((((a*)*)*)*)*)*");
  const schema = fc.record({
    type: fc.constantFrom("string", "integer", "array", "object", "x"),
    pattern,
    "x-kubernetes-validations": fc.array(
      fc.record({ rule: expression, messageExpression: expression }, { requiredKeys: ["rule"] }),
      { maxLength: 2 },
    ),
    default: anything,
    properties: anything,
  }, { requiredKeys: ["type"] });
  const definition = schema.map((spec) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "things", kind: "Thing" },
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
      }],
    },
  }));
  const policy = fc.tuple(expression, expression).map(([expression, messageExpression]) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "hostile" },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      },
      validations: [{ expression, messageExpression }],
    },
  }));
  const make = (path: string) => (body: object): HostileRequest => ({
    method: "POST",
    path: `${path}?dryRun=All`,
    headers: json,
    body: JSON.stringify(body),
  });
  await survive(
    world,
    fc.oneof(
      definition.map(make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")),
      policy.map(make("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies")),
    ),
    400,
  );
});
