/**
 * ConfigMap `cluster-info` in `kube-public`: where the API server is and by which authority it is known, signed with every
 * bootstrap token, so that a machine with a token can tell the right cluster from a wrong one (upstream's bootstrap signer).
 *
 * Nobody without a credential may read it: who wants kubeadm's discovery grants that to `system:anonymous` himself.
 *
 * Law: `data` holds the kubeconfig and a signature for each token that counts, and nothing else.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { type BootstrapSecret, bootstrapSecretType } from "../runtime/auth/mod.ts";
import {
  type Controller,
  controller,
  creating,
  done,
  mapped,
  type Outcome,
  sameJson,
  updating,
} from "../runtime/loop/mod.ts";
import { ConfigMap, Namespace, Secret } from "../runtime/schema/mod.ts";

const namespace = "kube-public";
const name = "cluster-info";

export interface ClusterInfo {
  /** PEM */
  readonly ca: string;
  /** `https://host:port` */
  readonly server: string;
}

export function clusterInfo(info: ClusterInfo): Controller {
  const kubeconfig = kubeconfigOf(info);
  return controller(Namespace, {
    name: "bootstrap-signer",
    watches: [
      mapped(ConfigMap, () => [namespace], { when: ({ object }) => isClusterInfo(object.metadata) }),
      mapped(Secret, () => [namespace], { when: ({ object }) => object.type === bootstrapSecretType }),
    ],
    async reconcile(key, { read, informers, apply, clock }): Promise<Outcome> {
      if (key !== namespace || !read(key) || read(key)!.metadata.deletionTimestamp) return done;
      const present = informers.of(ConfigMap).get(`${namespace}/${name}`);
      const secrets = informers.of(Secret).list() as readonly BootstrapSecret[];
      const data = { kubeconfig, ...signatures(kubeconfig, secrets, clock.now()) };
      if (present && sameJson(present.data, data)) return done;
      const metadata = { ...present?.metadata, name, namespace };
      const desired: IConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
      await apply([present ? updating(ConfigMap, desired) : creating(ConfigMap, desired)]);
      return done;
    },
  });
}

function isClusterInfo(metadata: { readonly namespace?: string; readonly name?: string }): boolean {
  return metadata.namespace === namespace && metadata.name === name;
}

/** YAML as kubeadm writes it: a cluster without a name, and nobody in it. */
function kubeconfigOf({ ca, server }: ClusterInfo): string {
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${btoa(ca)}
    server: ${server}
  name: ""
contexts: null
current-context: ""
kind: Config
users: null
`;
}

/** `jws-kubeconfig-ID`: a JWS (RFC 7515) over the text with the payload left out, keyed with the token's secret. Pure. */
export function signatures(text: string, secrets: readonly BootstrapSecret[], nowMs: number): Record<string, string> {
  const signed: Record<string, string> = {};
  for (const { metadata, type, data = {} } of secrets) {
    const field = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
    const [id, secret, expiration] = ["token-id", "token-secret", "expiration"].map(field) as [string, string, string];
    if (type !== bootstrapSecretType || metadata?.namespace !== "kube-system") continue;
    if (!id || !secret || metadata.name !== `bootstrap-token-${id}`) continue;
    if (field("usage-bootstrap-signing") !== "true" || expiration && !(Date.parse(expiration) > nowMs)) continue;
    signed[`jws-kubeconfig-${id}`] = detached(text, id, secret);
  }
  return signed;
}

function detached(text: string, id: string, secret: string): string {
  const encoded = (plain: string) => Buffer.from(plain).toString("base64url");
  const header = encoded(JSON.stringify({ alg: "HS256", kid: id }));
  const signature = createHmac("sha256", secret).update(`${header}.${encoded(text)}`).digest("base64url");
  return `${header}..${signature}`;
}
