/**
 * CertificateApproval, CertificateSigning, CertificateSubjectRestriction: whoever may write a signing request still needs
 * the right to approve or to sign for its signer, and no request for a client certificate may name `system:masters`.
 * ClusterTrustBundleAttest: the same for whoever says which certificates of a signer are to be believed.
 */
import type { Authorizer } from "../../auth/user.ts";
import { readSigningRequest } from "../../auth/signing_request.ts";
import { groupResourceOf, type IClusterTrustBundle, sameJson } from "../../schema/mod.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

interface SigningRequest {
  spec?: { signerName?: string; request?: string };
  status?: { certificate?: string };
}

const kind = "certificatesigningrequests.certificates.k8s.io";
const bundleKind = "clustertrustbundles.certificates.k8s.io";
const clientSigner = "kubernetes.io/kube-apiserver-client";
const forbiddenGroup = "system:masters";

export function certificateApproval(authorize: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    validate(request) {
      if (concerns(request, "approval")) return mustHold(authorize, request, "approve");
    },
  };
}

export function certificateSigning(authorize: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    validate(request) {
      if (!concerns(request, "status")) return;
      const [now, before] = [request.object, request.old].map((one) => (one as SigningRequest | undefined)?.status);
      if (!sameJson(now?.certificate, before?.certificate)) return mustHold(authorize, request, "sign");
    },
  };
}

export const certificateSubject: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  async validate(request) {
    if (request.operation !== "CREATE" || groupResourceOf(request.resource) !== kind) return;
    const { signerName, request: encoded = "" } = (request.object as SigningRequest).spec ?? {};
    if (signerName !== clientSigner) return;
    const { subject } = await readSigningRequest(atob(encoded));
    if (!subject.organizations?.includes(forbiddenGroup)) return;
    throw forbidden(
      request.resource,
      request.name,
      `use of ${clientSigner} signer with ${forbiddenGroup} group is not allowed`,
    );
  },
};

/** Whose certificates are to be believed is the signer's to say. */
export function trustBundleAttest(authorize: Authorizer): AdmissionPlugin {
  return {
    name: "ClusterTrustBundleAttest",
    validate(request) {
      if (groupResourceOf(request.resource) !== bundleKind || !["CREATE", "UPDATE"].includes(request.operation)) return;
      const [now, before] = [request.object, request.old].map((one) => (one as IClusterTrustBundle | undefined)?.spec);
      const signer = now?.signerName ?? "";
      if (signer === "" || sameJson(now, before)) return;
      const why = `user not permitted to attest for signerName ${JSON.stringify(signer)}`;
      return mustHoldFor(authorize, request, { verb: "attest", signer, why });
    },
  };
}

function concerns({ operation, subresource, resource }: AdmissionRequest, part: string): boolean {
  return operation === "UPDATE" && subresource === part && groupResourceOf(resource) === kind;
}

function mustHold(authorize: Authorizer, request: AdmissionRequest, verb: string): Promise<void> {
  const signer = (request.old as SigningRequest | undefined)?.spec?.signerName ?? "";
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
  return mustHoldFor(authorize, request, { verb, signer, why });
}

/** The right is on the signer, or on all signers of its domain. */
interface Right {
  readonly verb: string;
  readonly signer: string;
  /** What is said when he has none. */
  readonly why: string;
}

async function mustHoldFor(
  authorize: Authorizer,
  request: AdmissionRequest,
  { verb, signer, why }: Right,
): Promise<void> {
  for (const name of [signer, `${signer.split("/")[0]}/*`]) {
    const resource = { group: "certificates.k8s.io", version: "*", plural: "signers", name };
    if ((await authorize({ user: request.user, verb, path: "", resource })).allowed) return;
  }
  throw forbidden(request.resource, request.name, why);
}
