/** `serviceaccounts/token`: a TokenRequest, answered by the token issuer. */
import type { KubeObject, Stored } from "../../schema/mod.ts";
import { notFound, StatusError } from "../../schema/mod.ts";
import type { Machinery } from "../objects/machinery.ts";
import { badRequest, conflict } from "../objects/refusals.ts";
import { read } from "../objects/read.ts";
import type { Target, WriteCall } from "../operations.ts";
import { admitPosted } from "./admit_posted.ts";

interface BoundObjectRef {
  apiVersion?: string;
  kind?: string;
  name?: string;
  uid?: string;
}

interface TokenRequestBody extends KubeObject {
  spec?: { audiences?: string[]; expirationSeconds?: number; boundObjectRef?: BoundObjectRef };
}

const boundKinds: Readonly<Record<string, string>> = { Pod: "pods", Secret: "secrets", Node: "nodes" };

export const serviceAccountToken = {
  async post(m: Machinery, target: Target, body: KubeObject, call: WriteCall): Promise<KubeObject> {
    if (!m.tokens) throw new StatusError("ServiceUnavailable", "this API server issues no ServiceAccount tokens");
    const { spec = {} } = body as TokenRequestBody;
    const account = (await read(m, target)).object;
    await admitPosted(m, { ...target, subresource: "token" }, body, call);
    const bound = spec.boundObjectRef && boundObject(m, target, spec.boundObjectRef);
    const { name, uid } = account.metadata;
    const { token, expirationTimestamp } = await m.tokens.issue({
      namespace: target.namespace,
      serviceAccount: { name, uid },
      audiences: spec.audiences,
      expirationSeconds: spec.expirationSeconds,
      bound: bound?.ref,
      node: bound && nodeOf(m, bound.object),
    });
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name, namespace: target.namespace, creationTimestamp: account.metadata.creationTimestamp },
      spec: {
        ...spec,
        audiences: spec.audiences?.length ? spec.audiences : m.tokens.audiences,
        expirationSeconds: spec.expirationSeconds ?? 3600,
      },
      status: { token, expirationTimestamp },
    };
  },
};

function boundObject(
  m: Machinery,
  { resource, namespace }: Target,
  { apiVersion = "", kind = "", name: bound, uid }: BoundObjectRef,
) {
  const plural = apiVersion === "v1" || apiVersion === "" ? boundKinds[kind] : undefined;
  if (!plural) {
    const type = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
    throw badRequest(`cannot bind token to object of type ${type}, Kind=${kind}`);
  }
  if (!bound) throw badRequest("Name parameter required.");
  const object = m.view.get("", plural, kind === "Node" ? "" : namespace, bound);
  if (!object) throw notFound({ group: "", plural }, bound);
  if (uid && uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. ` +
      `The object might have been deleted and then recreated`;
    throw conflict({ ...resource, plural }, bound, why);
  }
  const ref = { kind: kind as "Pod" | "Secret" | "Node", name: bound, uid: object.metadata.uid };
  return { ref, object };
}

/** The node of a bound pod is recorded in its token. */
function nodeOf(m: Machinery, object: Stored): { name: string; uid: string } | undefined {
  const { nodeName } = (object as { spec?: { nodeName?: string } }).spec ?? {};
  const node = nodeName ? m.view.get("", "nodes", "", nodeName) : undefined;
  return node && { name: node.metadata.name, uid: node.metadata.uid };
}
