/**
 * CertificateApproval, CertificateSigning, CertificateSubjectRestriction: whoever may write a signing request still needs
 * the right to approve or to sign for its signer, and no request for a client certificate may name `system:masters`.
 */
import type { Authorizer } from "../../auth/user.ts";
import { readSigningRequest } from "../../auth/signing_request.ts";
import { groupResourceOf, sameJson } from "../../schema/mod.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

interface SigningRequest {
  spec?: { signerName?: string; request?: string };
  status?: { certificate?: string };
}

const kind = "certificatesigningrequests.certificates.k8s.io";
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

function concerns({ operation, subresource, resource }: AdmissionRequest, part: string): boolean {
  return operation === "UPDATE" && subresource === part && groupResourceOf(resource) === kind;
}

/** The right is on the signer, or on all signers of its domain. */
async function mustHold(authorize: Authorizer, request: AdmissionRequest, verb: string): Promise<void> {
  const signer = (request.old as SigningRequest | undefined)?.spec?.signerName ?? "";
  for (const name of [signer, `${signer.split("/")[0]}/*`]) {
    const resource = { group: "certificates.k8s.io", version: "*", plural: "signers", name };
    if ((await authorize({ user: request.user, verb, path: "", resource })).allowed) return;
  }
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
  throw forbidden(request.resource, request.name, why);
}
