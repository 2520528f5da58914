/**
 * Who may ask this node for what. Requests are resources of the Node: `nodes/stats`, `nodes/metrics`, `nodes/log`, and
 * `nodes/proxy` for the rest.
 *
 * Source: Kubernetes docs, "Kubelet authentication/authorization", request attributes; KEP-2862 (fine-grained access).
 */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { peerCertificate } from "../../../runtime/auth/peer_certificate.ts";
import type { Attributes, User } from "../../../runtime/auth/user.ts";
import type { KubeletServerOptions } from "../options.ts";

export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

const verbs: Record<string, string> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

const subresources: readonly (readonly [prefix: string, subresource: string])[] = [
  ["/stats", "stats"],
  ["/metrics", "metrics"],
  ["/logs", "log"],
  ["/checkpoint", "checkpoint"],
];

/** These may also be asked for by a right of their own, without the right to everything. */
const fineGrained: Record<string, string> = {
  "/healthz": "healthz",
  "/pods": "pods",
  "/runningpods": "pods",
  "/configz": "configz",
};

/** Nothing when the request may go on. */
export async function refuse(
  request: IncomingMessage,
  nodeName: string,
  { authenticate, authorize }: KubeletServerOptions,
): Promise<Refusal | undefined> {
  const user = await authenticate({
    certificate: peerCertificate(request.socket as TLSSocket),
    authorization: request.headers.authorization,
  }).catch(() => undefined);
  if (!user) return { status: 401, message: "Unauthorized" };
  const wanted = attributesOf(request.method ?? "GET", new URL(request.url ?? "/", "https://node").pathname, {
    user,
    nodeName,
  });
  for (const attributes of wanted) if ((await authorize(attributes)).allowed) return undefined;
  const subresources = wanted.map(({ resource }) => resource?.subresource).join(" ");
  const what = `user=${user.name}, verb=${wanted[0]!.verb}, resource=nodes, subresource(s)=[${subresources}]`;
  return { status: 403, message: `Forbidden (${what})` };
}

/** Any of these rights is enough. */
export function attributesOf(
  method: string,
  path: string,
  { user, nodeName }: { user: User; nodeName: string },
): Attributes[] {
  const verb = verbs[method] ?? "get";
  const named = subresources.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1];
  const own = fineGrained[/^\/[^/]*/.exec(path)![0]];
  const rights = named ? [named] : own ? [own, "proxy"] : ["proxy"];
  return rights.map((subresource) => ({
    user,
    verb,
    path,
    resource: { group: "", version: "v1", plural: "nodes", subresource, name: nodeName },
  }));
}
