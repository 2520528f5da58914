/** Kinds that are beta upstream: served only where they are asked for, and then as any other. */
import assert from "node:assert/strict";
import { trustBundleAttest } from "../../runtime/api/admission/certificates.ts";
import type { AdmissionRequest } from "../../runtime/api/admission/admission.ts";
import { ensurePki } from "../../runtime/auth/mod.ts";
import { optionalResources, resourcesNamed } from "../../runtime/schema/mod.ts";
import { admin, type ApiWorld, apiWorld } from "./api_world.ts";

const place = "/apis/certificates.k8s.io/v1beta1";
const bundles = `${place}/clustertrustbundles`;

async function certificates(): Promise<[string, string]> {
  const folder = await Deno.makeTempDir();
  const { ca, frontProxyCa } = await ensurePki(folder, { hostnames: [], ips: [] });
  await Deno.remove(folder, { recursive: true });
  return [ca.cert.trim() + "\n", frontProxyCa.cert.trim() + "\n"];
}

function bundle(name: string, spec: object) {
  return { apiVersion: "certificates.k8s.io/v1beta1", kind: "ClusterTrustBundle", metadata: { name }, spec };
}

Deno.test("the flag names kinds, versions or all that are beta, and nothing that there is not", () => {
  const all = optionalResources;
  for (const text of ["api/beta=true", "certificates.k8s.io/v1beta1", `${place.slice(6)}/clustertrustbundles=true`]) {
    assert.deepEqual(resourcesNamed(text), all, text);
  }
  assert.deepEqual(resourcesNamed("api/all=true,certificates.k8s.io/v1beta1=false"), []);
  assert.deepEqual(resourcesNamed(""), []);
  assert.throws(() => resourcesNamed("batch/v2alpha1=true"), /^Error: unknown api versions: "batch\/v2alpha1"; known/);
  assert.throws(() => resourcesNamed("api/beta=maybe"), /^Error: api\/beta=maybe: must be true or false$/);
});

Deno.test("ClusterTrustBundles are not there by default; asked for, they are in discovery and have columns", async () => {
  await using usual = await apiWorld();
  assert.equal((await usual.call("GET", place)).status, 404);
  await using world = await apiWorld({ optional: optionalResources });
  const versionsOf = async (each: ApiWorld) =>
    (await each.call("GET", "/apis/certificates.k8s.io")).body.versions.map((one: { version: string }) => one.version);
  assert.deepEqual([await versionsOf(usual), await versionsOf(world)], [["v1"], ["v1", "v1beta1"]]);
  const [first] = await certificates();
  const made = await world.call("POST", bundles, bundle("mine", { trustBundle: first }));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { body } = await world.call("GET", bundles, undefined, {
    accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  });
  assert.deepEqual(body.columnDefinitions.map(({ name }: { name: string }) => name), ["Name", "SignerName"]);
  assert.deepEqual(body.rows[0].cells, ["mine", "<none>"]);
  const schemas = await world.call("GET", `/openapi/v3${place}`);
  assert.ok(schemas.body.components.schemas["io.k8s.api.certificates.v1beta1.ClusterTrustBundle"]);
  const chosen = await world.call("GET", `${bundles}?fieldSelector=spec.signerName%3Dexample.com/a`);
  assert.deepEqual(chosen.body.items, []);
});

Deno.test("a bundle holds certificates and nothing else, under its signer's name, which stays", async () => {
  await using world = await apiWorld({ optional: optionalResources });
  const [first, second] = await certificates();
  const refused = async (name: string, spec: object, words: RegExp) => {
    const { status, body } = await world.call("POST", bundles, bundle(name, spec));
    assert.deepEqual([status, words.test(body.message)], [422, true], body.message);
  };
  const signerName = "example.com/a";
  await refused("a:b", { trustBundle: first }, /metadata.name: .* without signer name must not have ":" in its name/);
  await refused("a", { signerName, trustBundle: first }, /must be named with prefix example\.com:a:/);
  await refused("a", { signerName: "a", trustBundle: first }, /spec.signerName: .*fully qualified domain and path/);
  await refused("a", { trustBundle: "none" }, /spec.trustBundle: .*at least one trust anchor must be provided/);
  await refused("a", { trustBundle: first + first }, /duplicate trust anchor \(indices \[0 1\]\)/);
  await refused("a", { trustBundle: first.replaceAll("CERTIFICATE", "PRIVATE KEY") }, /entry 0 has bad block type/);
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  await refused("a", { trustBundle: second + broken }, /entry 1 does not parse as X.509/);
  const name = "example.com:a:one";
  const made = await world.call("POST", bundles, bundle(name, { signerName, trustBundle: first + second }));
  assert.equal(made.status, 201, made.body.message);
  const changed = { ...made.body, spec: { ...made.body.spec, signerName: "example.com/b" } };
  const { status, body } = await world.call("PUT", `${bundles}/${name}`, changed);
  assert.deepEqual([status, /spec.signerName: .*field is immutable/.test(body.message)], [422, true], body.message);
});

Deno.test("who says whose certificates are to be believed needs the signer's right to it", async () => {
  const asked: (string | undefined)[] = [];
  const plugin = trustBundleAttest(({ verb, resource }) => {
    asked.push(`${verb} ${resource?.plural} ${resource?.name}`);
    return Promise.resolve({ allowed: resource?.name === "good.com/*", reason: "" });
  });
  const [resource] = optionalResources;
  const look = {} as never;
  const request = (signerName: string, old?: object) =>
    ({
      ...{ operation: old ? "UPDATE" : "CREATE", resource, name: "x", user: admin, old },
      object: bundle("x", { signerName, trustBundle: "t" }),
    }) as unknown as AdmissionRequest;
  await plugin.validate!(request("good.com/a"), look);
  assert.deepEqual(asked.splice(0), ["attest signers good.com/a", "attest signers good.com/*"]);
  await assert.rejects(
    async () => await plugin.validate!(request("bad.com/a"), look),
    /not permitted to attest for signerName/,
  );
  asked.length = 0;
  await plugin.validate!(request(""), look);
  await plugin.validate!(request("bad.com/a", bundle("x", { signerName: "bad.com/a", trustBundle: "t" })), look);
  assert.deepEqual(asked, []);
});
