import assert from "node:assert/strict";
import {
  AuditCounts,
  auditLogFile,
  type AuditPolicy,
  extentOf,
  parsePolicy,
  recorded,
  recorder,
  recordRequest,
} from "../../runtime/api/audit/mod.ts";
import type { User } from "../../runtime/auth/mod.ts";
import { StatusError } from "../../runtime/schema/mod.ts";

const policy = (...rules: object[]): AuditPolicy =>
  parsePolicy({ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules });
const ann: User = { name: "ann", groups: ["dev"] };
const on = (plural: string, more = {}) => ({
  user: ann,
  verb: "get",
  path: "",
  resource: { group: "", version: "v1", plural, subresource: "", namespace: "team", name: "x", ...more },
});

Deno.test("the first audit rule that fits decides, and secrets are never written down whole", () => {
  const rules = policy(
    { level: "None", users: ["bob"] },
    { level: "None", nonResourceURLs: ["/healthz*"] },
    { level: "Request", resources: [{ group: "", resources: ["pods", "*/status"] }], namespaces: ["team"] },
    { level: "RequestResponse", resources: [{ group: "", resources: ["secrets", "serviceaccounts/token"] }] },
    { level: "Metadata", userGroups: ["dev"] },
  );
  const level = (audited: Parameters<typeof extentOf>[1]) => extentOf(rules, audited).level;
  assert.equal(level({ ...on("pods"), user: { name: "bob", groups: ["dev"] } }), "None");
  assert.equal(level({ user: ann, verb: "get", path: "/healthz/etcd" }), "None");
  assert.equal(level(on("pods")), "Request");
  assert.equal(level(on("pods", { subresource: "log" })), "Metadata");
  assert.equal(level(on("nodes", { subresource: "status" })), "Request");
  assert.equal(level(on("secrets")), "Metadata");
  assert.equal(level(on("serviceaccounts", { subresource: "token" })), "Metadata");
  assert.equal(level({ ...on("nodes"), user: { name: "eve", groups: [] } }), "None");
  const each = policy(
    { level: "None", resources: [{ group: "", resources: ["pods/*"], resourceNames: ["x"] }] },
    { level: "Request", namespaces: [""], resources: [{ group: "", resources: ["nodes"] }] },
    { level: "RequestResponse", resources: [{ group: "apps" }], verbs: ["update"] },
    { level: "Metadata", nonResourceURLs: ["*"] },
  );
  const found = (audited: Parameters<typeof extentOf>[1]) => extentOf(each, audited).level;
  assert.equal(found(on("pods", { subresource: "exec" })), "None");
  assert.equal(found(on("nodes", { namespace: "" })), "Request");
  assert.equal(found(on("nodes")), "None", "no rule is no event");
  assert.equal(found({ ...on("deployments", { group: "apps" }), verb: "update" }), "RequestResponse");
  assert.equal(found(on("deployments", { group: "apps" })), "None");
  assert.equal(found({ user: ann, verb: "get", path: "/version" }), "Metadata");
  assert.throws(
    () => parsePolicy({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "All" }] }),
    /rules.0.level/,
  );
  const refused = (rule: object, why: RegExp) => assert.throws(() => policy({ level: "None", ...rule }), why);
  refused({ nonResourceURLs: ["/healthz"], namespaces: ["a"] }, /both regular resources and non-resource URLs/);
  refused({ nonResourceURLs: ["/*/x"] }, /at its end only/);
  refused({ resources: [{ resourceNames: ["x"] }] }, /requires at least 1 resource/);
});

Deno.test("an event says who did what to which object, as whom, with the bodies that its level has", async () => {
  const events: Record<string, unknown>[] = [];
  const sink = { write: (event: object) => void events.push(event as Record<string, unknown>), close: async () => {} };
  const request = new Request("https://api/api/v1/namespaces/team/configmaps/x?dryRun=All", {
    method: "PUT",
    headers: { "user-agent": "test/1" },
  });
  const user = { name: "root", groups: ["system:masters"] };
  const connection = { remoteAddress: "192.0.2.1", requestId: "id-1" };
  const asked = { request, connection, user, nowMs: () => Date.parse("2026-01-01T00:00:00Z") };
  const audit = {
    policy: policy({ level: "RequestResponse", omitManagedFields: true }),
    sink,
    counts: new AuditCounts(),
  };
  const recording = recordRequest(audit, asked)!;
  recording.actsAs(ann);
  recording.connection.audit!.annotate("authorization.k8s.io/decision", "allow");
  recording.connection.audit!.body(new TextEncoder().encode('{"metadata":{"managedFields":[{}]},"data":{"a":"b"}}'));
  const response = await recording.answered(Response.json({ kind: "ConfigMap" }));
  assert.deepEqual(await response.json(), { kind: "ConfigMap" });
  assert.deepEqual(events, [{
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "RequestResponse",
    auditID: "id-1",
    requestURI: "/api/v1/namespaces/team/configmaps/x?dryRun=All",
    verb: "update",
    user: { username: "root", groups: ["system:masters"] },
    impersonatedUser: { username: "ann", groups: ["dev"] },
    sourceIPs: ["192.0.2.1"],
    userAgent: "test/1",
    objectRef: { resource: "configmaps", namespace: "team", name: "x", apiVersion: "v1" },
    requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
    stage: "ResponseComplete",
    requestObject: { metadata: {}, data: { a: "b" } },
    responseStatus: { metadata: {}, code: 200 },
    annotations: { "authorization.k8s.io/decision": "allow" },
    responseObject: { kind: "ConfigMap" },
    stageTimestamp: "2026-01-01T00:00:00.000000Z",
  }]);
});

Deno.test("the audit log is its owner's alone, is set aside when it is full, and keeps as many of those as asked", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/audit/audit.log`;
  let now = Date.now();
  const troubles: unknown[] = [];
  const open = () =>
    auditLogFile({
      path,
      maxBytes: 100,
      backups: 2,
      maxAgeMs: 0,
      now: () => now++,
      onTrouble: (e) => troubles.push(e),
    });
  for (let turn = 0; turn < 4; turn++) {
    const sink = await open();
    sink.write({ turn, text: "x".repeat(60) });
    await sink.close();
  }
  const files = [...Deno.readDirSync(`${dir}/audit`)].map(({ name }) => name).sort();
  assert.equal(files.length, 3, files.join());
  const lines = await Promise.all(files.map((name) => Deno.readTextFile(`${dir}/audit/${name}`)));
  assert.deepEqual(lines.map((text) => JSON.parse(text).turn).sort(), [1, 2, 3]);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.deepEqual(troubles, []);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("set-aside audit logs go when they are too old, however few they are, and stay for ever when nobody said", async () => {
  const day = 86_400_000;
  const dir = await Deno.makeTempDir();
  const path = `${dir}/audit.log`;
  const fill = async (maxAgeMs: number, nowMs: number) => {
    const sink = await auditLogFile({
      path,
      maxBytes: 1,
      backups: 0,
      maxAgeMs,
      now: () => nowMs,
      onTrouble: assert.ifError,
    });
    await sink.write({ nowMs });
    await sink.close();
  };
  const asideCount = () => [...Deno.readDirSync(dir)].filter(({ name }) => name !== "audit.log").length;
  const now = Date.now();
  for (let turn = 0; turn < 4; turn++) await fill(0, now + turn);
  assert.equal(asideCount(), 3);
  await Deno.writeTextFile(`${path}.mine`, "what somebody put beside them");
  await fill(2 * day, now + day);
  assert.equal(asideCount(), 5);
  await fill(2 * day, now + 3 * day + 1);
  assert.equal(asideCount(), 2, "the one that was set aside just now, and what is no log");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a request that is turned away for want of a seat is written down with its 429", async () => {
  const events: { stage: string; responseStatus?: { code: number; reason: string } }[] = [];
  const sink = { write: (event: object) => void events.push(event as typeof events[number]), close: async () => {} };
  const record = recorder({ policy: policy({ level: "Metadata" }), sink, counts: new AuditCounts() }, () => 0);
  const door = { authenticate: () => Promise.resolve(ann), authorize: () => Promise.reject(new Error("not asked")) };
  const asking = new Request("https://api/api/v1/pods");
  const response = await recorded({ door, record, connection: {}, asking }, () => {
    throw new StatusError("TooManyRequests", "too many requests, please try again later", { retryAfterSeconds: 1 });
  });
  assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "1"]);
  assert.deepEqual(events.map(({ stage, responseStatus }) => [stage, responseStatus?.code, responseStatus?.reason]), [
    ["ResponseComplete", 429, "TooManyRequests"],
  ]);
});
