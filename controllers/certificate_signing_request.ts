/**
 * CertificateSigningRequests of kubelets: approves what the signer's rules allow, fails what they don't, and signs what is
 * approved, by whomever. Requests for other signers wait for an administrator or for a controller of theirs.
 */
import type { ICertificateSigningRequest } from "kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest";
import { CertificateSigningRequest, Node, refOf, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, done, type LoopContext, watches } from "../runtime/loop/mod.ts";
import { decide, type KeyPair, readSigningRequest, signRequest, type Verdict } from "../runtime/auth/mod.ts";
import { kubeletClientSigner, kubeletServingSigner } from "../runtime/auth/mod.ts";

type Csr = ICertificateSigningRequest;

export function certificateSigningRequests({ ca }: { readonly ca: KeyPair }): Controller {
  return {
    name: "certificate-signing-request-controller",
    sources: [watches(CertificateSigningRequest)],
    async reconcile(key, context) {
      const request = await context.client.get(CertificateSigningRequest, refOf(key));
      if (!request || !isOurs(request) || request.status?.certificate || has(request, "Failed")) return done;
      if (has(request, "Denied")) return done;
      if (has(request, "Approved")) await issue(request, ca, context);
      else await settle(request, context);
      return done;
    },
  };
}

function isOurs({ spec }: Stored<Csr>): boolean {
  return spec.signerName === kubeletClientSigner || spec.signerName === kubeletServingSigner;
}

function has({ status }: Stored<Csr>, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

async function settle(request: Stored<Csr>, context: LoopContext): Promise<void> {
  const verdict = await judge(request, context);
  if (!verdict) return;
  const { approve, reason, message } = verdict;
  const at = new Date(context.clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
  const condition = {
    type: approve ? "Approved" : "Denied",
    status: "True",
    reason,
    message,
    lastUpdateTime: at,
    lastTransitionTime: at,
  };
  const conditions = [...request.status?.conditions ?? [], condition];
  const decided = { ...request, status: { ...request.status, conditions } };
  await context.client.update(CertificateSigningRequest, decided as unknown as Csr, { subresource: "approval" });
}

async function judge({ spec }: Stored<Csr>, { client }: LoopContext): Promise<Verdict> {
  const content = await readSigningRequest(atob(spec.request)).catch((error: Error) => error);
  if (content instanceof Error) return { approve: false, reason: "RequestRefused", message: content.message };
  const { signerName, usages = [], username = "", groups = [] } = spec;
  const node = signerName === kubeletServingSigner
    ? await client.get(Node, { name: username.replace("system:node:", "") })
    : undefined;
  const nodeAddresses = (node?.status?.addresses ?? []).map(({ address }) => address);
  return decide({ signerName, usages, username, groups, content, nodeAddresses });
}

async function issue(request: Stored<Csr>, ca: KeyPair, { client, clock }: LoopContext): Promise<void> {
  const { signerName, expirationSeconds } = request.spec;
  const pem = await signRequest(ca, atob(request.spec.request), { signerName, expirationSeconds, nowMs: clock.now() });
  const signed = { ...request, status: { ...request.status, certificate: btoa(pem) } };
  await client.update(CertificateSigningRequest, signed as unknown as unknown as Csr, { subresource: "status" });
}
