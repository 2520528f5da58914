import assert from "node:assert/strict";
import type { ICertificateSigningRequest } from "kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest";
import { removalMs } from "../../controllers/certificate_signing_request/end.ts";
import type { Stored } from "../../runtime/schema/mod.ts";

const made = "2026-01-01T00:00:00Z";
const hour = 3_600_000;

function request(status: object): Stored<ICertificateSigningRequest> {
  const metadata = { name: "x", uid: "u", resourceVersion: "1", creationTimestamp: made };
  return { metadata, spec: { signerName: "example.com/x" }, status } as unknown as Stored<ICertificateSigningRequest>;
}

Deno.test("signing requests go an hour after their answer, a day after they got none, and stay while a signer works", () => {
  const at = "2026-01-01T02:00:00Z";
  const condition = (type: string) => ({ type, status: "True", lastUpdateTime: at });
  const after = (status: object) => (removalMs(request(status)) - Date.parse(made)) / hour;
  assert.equal(after({}), 24);
  assert.equal(after({ conditions: [condition("Denied")] }), 3);
  assert.equal(after({ conditions: [condition("Approved"), condition("Failed")] }), 3);
  assert.equal(after({ conditions: [condition("Approved")] }), Infinity);
  assert.equal(after({ conditions: [condition("Approved")], certificate: btoa("not ours to read") }), 3);
});
