/**
 * CertificateSigningRequests: approves those of kubelets that the signer's rules and RBAC allow, denies what they don't, signs
 * for the built-in signers what was approved, by whomever, and takes requests away when nobody needs them any more. Requests
 * for other signers wait for a controller of theirs.
 */
import type { ICertificateSigningRequest } from "kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest";
import { CertificateSigningRequest, isReason, type Json, Node, refOf, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, done, type LoopContext, type Outcome, requeueAfter, watches } from "../runtime/loop/mod.ts";
import { decide, isBuiltinSigner, type KeyPair, readSigningRequest, refuseToSign } from "../runtime/auth/mod.ts";
import { kubeletClientSigner, kubeletServingSigner, signRequest, type Verdict } from "../runtime/auth/mod.ts";
import { has, removalMs } from "./certificate_signing_request/end.ts";

type Csr = ICertificateSigningRequest;

/** The authority may be another after a while: it is renewed while all runs. */
export function certificateSigningRequests(signing: { readonly pki: { readonly ca: KeyPair } }): Controller {
  return {
    name: "certificate-signing-request-controller",
    sources: [watches(CertificateSigningRequest)],
    async reconcile(key, context): Promise<Outcome> {
      const ref = refOf(key);
      const request = await context.client.get(CertificateSigningRequest, ref);
      if (!request) return done;
      const leftMs = removalMs(request) - context.clock.now();
      if (leftMs <= 0) {
        await context.client.delete(CertificateSigningRequest, ref, { preconditions: { uid: request.metadata.uid } });
        return done;
      }
      if (isOurs(request)) await answer(request, signing.pki.ca, context);
      // A timer holds at most 2^31 ms; a certificate may last longer.
      return requeueAfter(Math.min(leftMs, 86_400_000));
    },
  };
}

function isOurs(request: Stored<Csr>): boolean {
  const over = request.status?.certificate || has(request, "Failed") || has(request, "Denied");
  return !over && isBuiltinSigner(request.spec.signerName);
}

async function answer(request: Stored<Csr>, ca: KeyPair, context: LoopContext): Promise<void> {
  if (has(request, "Approved")) return await issue(request, ca, context);
  const verdict = await judge(request, context);
  if (!verdict) return;
  const { approve, reason, message } = verdict;
  const decided = withCondition(request, { type: approve ? "Approved" : "Denied", reason, message }, context);
  await context.client.update(CertificateSigningRequest, decided, { subresource: "approval" });
}

interface Finding {
  readonly type: "Approved" | "Denied" | "Failed";
  readonly reason: string;
  readonly message: string;
}

function withCondition(request: Stored<Csr>, finding: Finding, { clock }: LoopContext): Csr {
  const at = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
  const condition = { ...finding, status: "True", lastUpdateTime: at, lastTransitionTime: at };
  const conditions = [...request.status?.conditions ?? [], condition];
  return { ...request, status: { ...request.status, conditions } } as unknown as Csr;
}

async function judge(request: Stored<Csr>, context: LoopContext): Promise<Verdict> {
  const facts = await factsOf(request, context);
  if (facts instanceof Error) return { approve: false, reason: "RequestRefused", message: facts.message };
  const verdict = decide(facts);
  if (!verdict?.approve || request.spec.signerName !== kubeletClientSigner) return verdict;
  return await mayBeNode(request, facts.content.subject.commonName, context) ? verdict : undefined;
}

async function factsOf({ spec }: Stored<Csr>, { client }: LoopContext) {
  const content = await readSigningRequest(atob(spec.request)).catch((error: Error) => error);
  if (content instanceof Error) return content;
  const { signerName, usages = [], username = "", groups = [] } = spec;
  const node = signerName === kubeletServingSigner
    ? await client.get(Node, { name: username.replace("system:node:", "") })
    : undefined;
  const nodeAddresses = (node?.status?.addresses ?? []).map(({ address }) => address);
  return { signerName, usages, username, groups, content, nodeAddresses };
}

const reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/** Who asks for a node's certificate needs the right to be one; a node that renews its own, the lesser right. */
async function mayBeNode({ spec }: Stored<Csr>, commonName: string, { client }: LoopContext): Promise<boolean> {
  const { username: user = "", uid, groups, extra } = spec;
  const subresource = user === commonName ? "selfnodeclient" : "nodeclient";
  const asked = { group: "certificates.k8s.io", resource: "certificatesigningrequests", verb: "create", subresource };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user, uid, groups, extra, resourceAttributes: asked },
  };
  const answer = await client.raw("POST", reviews, JSON.parse(JSON.stringify(review)) as Json);
  return (answer as { status?: { allowed?: boolean } }).status?.allowed ?? false;
}

async function issue(request: Stored<Csr>, ca: KeyPair, context: LoopContext): Promise<void> {
  const { client, clock } = context;
  const facts = await factsOf(request, context);
  const message = facts instanceof Error ? facts.message : refuseToSign(facts);
  if (message) {
    const failed = withCondition(request, { type: "Failed", reason: "SignerValidationFailure", message }, context);
    return void await client.update(CertificateSigningRequest, failed, { subresource: "status" });
  }
  const { signerName, usages, expirationSeconds, request: encoded } = request.spec;
  const signing = { signerName, usages, expirationSeconds, nowMs: clock.now() };
  const certificate = btoa(await signRequest(ca, atob(encoded), signing));
  const signed = { ...request, status: { ...request.status, certificate } } as unknown as Csr;
  try {
    await client.update(CertificateSigningRequest, signed, { subresource: "status" });
  } catch (error) {
    // Somebody wrote in between: the next look decides anew.
    if (!isReason(error, "Conflict")) throw error;
  }
}
