/** The Certificates API as a person uses it: kubectl approves and denies, the loop signs, what was decided stays decided. */
import assert from "node:assert/strict";
import { certificateSigningRequests } from "../../controllers/mod.ts";
import { newPrivateKey, newSigningRequest, readCertificate } from "../../runtime/auth/mod.ts";
import { runControllers } from "../../runtime/loop/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { machineKubectl } from "../support/kubectl.ts";
import { kubectlSession } from "../support/kubectl_session.ts";

async function requestOf(name: string, spec: object = {}) {
  const subject = { commonName: name, organizations: ["dev"] };
  const request = btoa(await newSigningRequest(await newPrivateKey(), { subject, usages: ["client"] }));
  return JSON.stringify({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name },
    spec: { request, signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"], ...spec },
  });
}

Deno.test("kubectl certificate approves and denies, and what was decided is signed once, for as long as was asked", async (t) => {
  const kubectl = await machineKubectl();
  if (!kubectl) return void await t.step({ name: "this machine has no kubectl", ignore: true, fn: () => {} });
  await using server = await apiServer();
  await using session = await kubectlSession(kubectl, server);
  const stopping = new AbortController();
  const loops = [certificateSigningRequests(server)];
  const running = runControllers(loops, { client: server.client, signal: stopping.signal, identity: "test" });
  try {
    const made = async (name: string, spec?: object) =>
      await session.run(["create", "-f", "-"], { stdin: await requestOf(name, spec) });
    const shown = async (name: string) => (await session.run(["get", "csr", name])).stdout;
    await made("ann", { expirationSeconds: 7200 });
    assert.match(await shown("ann"), /kubernetes-admin\s+120m\s+Pending/);
    assert.match((await session.run(["certificate", "approve", "ann"])).stdout, /ann approved/);
    const issued = ["wait", "csr/ann", "--for=jsonpath={.status.certificate}", "--timeout=20s"];
    await session.run(issued);
    assert.match(await shown("ann"), /Approved,Issued/);
    const { stdout } = await session.run(["get", "csr", "ann", "-o", "jsonpath={.status.certificate}"]);
    const { notAfterMs } = readCertificate(atob(stdout));
    assert.ok(Math.abs(notAfterMs - Date.now() - 7_200_000) < 600_000);
    await made("bob");
    assert.match((await session.run(["certificate", "deny", "bob"])).stdout, /bob denied/);
    assert.match(await shown("bob"), /Denied/);
    const both = await session.run(["certificate", "approve", "bob"], { check: false });
    assert.notEqual(both.code, 0, "what was denied stays denied");
    await made("eve", { signerName: "example.com/own" });
    await session.run(["certificate", "approve", "eve"]);
    assert.match(await shown("eve"), /Approved\s*$/m, "another's signer is another's to ask");
    const short = await session.run(["create", "-f", "-"], {
      stdin: await requestOf("short", { expirationSeconds: 599 }),
      check: false,
    });
    assert.match(
      short.stderr,
      /spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds/,
    );
  } finally {
    stopping.abort();
    await running.settled;
  }
});
