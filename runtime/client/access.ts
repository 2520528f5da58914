/**
 * Where a cluster is and how to be let in, as client programs find it: the current context of a kubeconfig, or what every
 * pod finds in itself.
 *
 * Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ and
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
import { load } from "js-yaml";
import { z } from "zod";
import type { HttpsTarget } from "./https_connection.ts";

const text = z.string().min(1);
const kubeconfigSchema = z.object({
  "current-context": z.string().optional(),
  contexts: z.array(z.object({ name: text, context: z.object({ cluster: text, user: text }) })),
  clusters: z.array(z.object({
    name: text,
    cluster: z.object({
      server: z.url({ protocol: /^https$/ }),
      "certificate-authority": text.optional(),
      "certificate-authority-data": text.optional(),
    }),
  })),
  users: z.array(z.object({
    name: text,
    user: z.object({
      "client-certificate": text.optional(),
      "client-certificate-data": text.optional(),
      "client-key": text.optional(),
      "client-key-data": text.optional(),
      token: text.optional(),
    }),
  })),
});

const podFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface KubeconfigOptions {
  /** Default: the first of `$KUBECONFIG`, or `~/.kube/config`. */
  readonly path?: string;
  /** Default: the file's current context. */
  readonly context?: string;
}

/** Throws when the file, the context or what it names is not there; plugins that make credentials are not run. */
export function kubeconfigAccess({ path = defaultPath(), context }: KubeconfigOptions = {}): HttpsTarget {
  const checked = kubeconfigSchema.safeParse(load(Deno.readTextFileSync(path)));
  if (!checked.success) throw new Error(`${path} is no kubeconfig: ${z.prettifyError(checked.error)}`);
  const { contexts, clusters, users, "current-context": current = "" } = checked.data;
  const wanted = context ?? current;
  const { context: names } = named(contexts, wanted, `${path} has no context`);
  const { cluster } = named(clusters, names.cluster, `${path} has no cluster`);
  const { user } = named(users, names.user, `${path} has no user`);
  return {
    server: cluster.server,
    ca: pem(cluster["certificate-authority-data"], cluster["certificate-authority"]) ?? "",
    cert: pem(user["client-certificate-data"], user["client-certificate"]),
    key: pem(user["client-key-data"], user["client-key"]),
    token: user.token,
  };
}

/** From inside a pod. The token is read again for each request: the kubelet replaces it before it expires. */
export function podAccess(): HttpsTarget {
  const host = Deno.env.get("KUBERNETES_SERVICE_HOST");
  if (!host) throw new Error("this is no pod: KUBERNETES_SERVICE_HOST is not set");
  return {
    server: `https://${host}:${Deno.env.get("KUBERNETES_SERVICE_PORT") ?? "443"}`,
    ca: Deno.readTextFileSync(`${podFolder}/ca.crt`),
    token: () => Deno.readTextFileSync(`${podFolder}/token`).trim(),
  };
}

function defaultPath(): string {
  const [first] = (Deno.env.get("KUBECONFIG") ?? "").split(":").filter(Boolean);
  return first ?? `${Deno.env.get("HOME")}/.kube/config`;
}

function named<T extends { name: string }>(list: readonly T[], name: string, missing: string): T {
  const found = list.find((entry) => entry.name === name);
  if (!found) throw new Error(`${missing} "${name}"`);
  return found;
}

function pem(data: string | undefined, file: string | undefined): string | undefined {
  if (data) return atob(data);
  return file ? Deno.readTextFileSync(file) : undefined;
}
