/**
 * Which certificate signing requests the cluster answers by itself, and the answer. It signs for the four built-in signers, and
 * approves for the two of a kubelet alone; every other request waits for a person.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
 */
import { bootstrapGroup } from "./bootstrap_token.ts";
import { type KeyPair, sign, type Subject, x509 } from "./certificate.ts";
import { canonicalName } from "./certificate_facts.ts";

export const kubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
export const kubeletServingSigner = "kubernetes.io/kubelet-serving";
const clientSigner = "kubernetes.io/kube-apiserver-client";
const legacySigner = "kubernetes.io/legacy-unknown";

/** What a PKCS#10 request says of itself. Nothing of it is believed before it was decided upon. */
export interface RequestContent {
  readonly subject: Subject;
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  /** E-mail addresses, URIs and the like. */
  readonly otherNames: readonly string[];
}

/** Who asked for what; user and groups are the API server's word. */
export interface RequestFacts {
  readonly signerName: string;
  readonly usages: readonly string[];
  readonly username: string;
  readonly groups: readonly string[];
  readonly content: RequestContent;
  /** Addresses and names in `status.addresses` of the Node that asks. */
  readonly nodeAddresses: readonly string[];
}

/** `undefined`: not ours to decide. */
export type Verdict = { readonly approve: boolean; readonly reason: string; readonly message: string } | undefined;

type Check = (facts: RequestFacts) => string | undefined;

const nodePrefix = "system:node:";
const maxDays = 365;
const backdateMs = 300_000;

const isForNode: Check = ({ content: { subject } }) => {
  if (!subject.commonName.startsWith(nodePrefix) || subject.commonName === nodePrefix) {
    return `common name ${JSON.stringify(subject.commonName)} does not begin with ${nodePrefix}`;
  }
  const only = subject.organizations ?? [];
  return only.length === 1 && only[0] === "system:nodes" ? undefined : "organization is not system:nodes alone";
};

/** Those for kubelets must be for signatures as well; a person's may say only what it is for. */
function hasUsages(purpose: "client auth" | "server auth", ...also: readonly "digital signature"[]): Check {
  const known = ["digital signature", "key encipherment", purpose];
  return ({ usages }) => {
    const strange = usages.find((usage) => !known.includes(usage));
    if (strange !== undefined) return `usage ${JSON.stringify(strange)} is not for this signer`;
    const missing = [purpose, ...also].find((usage) => !usages.includes(usage));
    return missing && `usage ${missing} is missing`;
  };
}

interface Signer {
  /** What the signer refuses to sign, whoever approved it. */
  readonly signs: readonly Check[];
  /** What a request needs beyond that to be approved without a person; absent: a person approves. */
  readonly approves?: readonly Check[];
}

const signers: Readonly<Record<string, Signer>> = {
  [clientSigner]: { signs: [hasUsages("client auth")] },
  [legacySigner]: { signs: [] },
  [kubeletClientSigner]: {
    signs: [
      isForNode,
      hasUsages("client auth", "digital signature"),
      ({ content }) => namesOf(content).length > 0 ? "a client certificate carries no names" : undefined,
    ],
    approves: [
      ({ username, groups, content }) =>
        groups.includes(bootstrapGroup) || username === content.subject.commonName
          ? undefined
          : `${username} may not ask for the certificate of ${content.subject.commonName}`,
    ],
  },
  [kubeletServingSigner]: {
    signs: [
      isForNode,
      hasUsages("server auth", "digital signature"),
      ({ content }) =>
        content.otherNames.length > 0 ? `name ${content.otherNames[0]} is not for this signer` : undefined,
      ({ content }) => namesOf(content).length === 0 ? "a serving certificate needs a name" : undefined,
      ({ username, content }) => username === content.subject.commonName ? undefined : `${username} is another node`,
    ],
    approves: [
      // Without this, one node could have itself certified as any other, or as the API server.
      ({ content, nodeAddresses, username }) => {
        const own = ["localhost", "127.0.0.1", "::1", username.slice(nodePrefix.length), ...nodeAddresses];
        const stranger = namesOf(content).find((name) => !own.map(canonicalName).includes(canonicalName(name)));
        return stranger === undefined ? undefined : `${stranger} is not an address of the Node`;
      },
    ],
  },
};

/** Whether the cluster signs for it. */
export function isBuiltinSigner(signerName: string): boolean {
  return signerName in signers;
}

/** Why the signer does not sign what somebody has approved, or nothing. */
export function refuseToSign(facts: RequestFacts): string | undefined {
  for (const check of signers[facts.signerName]?.signs ?? []) {
    const why = check(facts);
    if (why) return why;
  }
  return undefined;
}

export function decide(facts: RequestFacts): Verdict {
  const signer = signers[facts.signerName];
  if (!signer?.approves) return undefined;
  for (const check of [...signer.signs, ...signer.approves]) {
    const message = check(facts);
    if (message) return { approve: false, reason: "RequestRefused", message };
  }
  return { approve: true, reason: "AutoApproved", message: `Auto approving ${facts.signerName} for ${facts.username}` };
}

function namesOf({ dnsNames, ips, otherNames }: RequestContent): string[] {
  return [...dnsNames, ...ips, ...otherNames];
}

/** Throws when the text is no request or its signature (proof of the key) is wrong. */
export async function readSigningRequest(pem: string): Promise<RequestContent> {
  const lib = await x509();
  const request = await verified(pem);
  const extension = request.extensions.find((one) => one instanceof lib.SubjectAlternativeNameExtension);
  const names = extension?.names.items ?? [];
  const of = (type: string) => names.filter((name) => name.type === type).map((name) => name.value);
  return {
    subject: {
      commonName: request.subjectName.getField("CN")[0] ?? "",
      organizations: request.subjectName.getField("O"),
    },
    dnsNames: of("dns"),
    ips: of("ip"),
    otherNames: names.filter(({ type }) => type !== "dns" && type !== "ip").map((name) => `${name.type}:${name.value}`),
  };
}

export interface Signing {
  readonly signerName: string;
  /** `spec.usages`; only `client auth` and `server auth` are certified. */
  readonly usages?: readonly string[];
  readonly expirationSeconds?: number;
  readonly nowMs: number;
}

/** The certificate for a request that was approved, PEM. */
export async function signRequest(authority: KeyPair, pem: string, signing: Signing): Promise<string> {
  const { expirationSeconds = Infinity, nowMs } = signing;
  const content = await readSigningRequest(pem);
  const { publicKey } = await verified(pem);
  const seconds = Math.max(600, Math.min(expirationSeconds, maxDays * 86_400));
  return await sign(authority, publicKey, {
    subject: content.subject,
    usages: purposesOf(signing),
    dnsNames: content.dnsNames,
    ips: content.ips,
    validity: { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + seconds * 1000) },
  });
}

function purposesOf({ signerName, usages = [] }: Signing): ("client" | "server")[] {
  if (signerName === legacySigner) {
    return (["client", "server"] as const).filter((one) => usages.includes(`${one} auth`));
  }
  return [signerName === kubeletServingSigner ? "server" : "client"];
}

async function verified(pem: string) {
  const lib = await x509();
  const request = new lib.Pkcs10CertificateRequest(pem);
  if (!await request.verify()) throw new Error("the signature of the signing request is not by its own key");
  return request;
}
