/**
 * A static pod from its file: a pod that the node runs by itself, whether there is an API server or not. Pure.
 *
 * Source: Kubernetes docs, "Create static Pods".
 */
import { createHash } from "node:crypto";
import { referencesOf } from "../../../runtime/auth/node/mod.ts";
import { applyDefaults, builtinResources, checkTypes, type KubeObject } from "../../../runtime/schema/mod.ts";
import { pruneUnknown, type Stored, validateObject } from "../../../runtime/schema/mod.ts";
import { readYaml } from "../../gitops/yaml.ts";
import type { Pod } from "../pod/pod.ts";
import { rfc3339 } from "../pod/rfc3339.ts";

export interface ManifestFile {
  readonly path: string;
  readonly text: string;
  readonly nodeName: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Upstream's names for where a pod comes from. */
export const sourceAnnotations = {
  source: "kubernetes.io/config.source",
  hash: "kubernetes.io/config.hash",
  seen: "kubernetes.io/config.seen",
} as const;

/** Classes that every cluster has: nobody can be asked for others. */
const builtinPriorities: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

const pods = builtinResources.find(({ group, kind }) => group === "" && kind === "Pod")!;

/** Throws an Error that says what is wrong with the file. */
export function staticPod(file: ManifestFile): Pod {
  const pod = podIn(file.text);
  complete(pod, file);
  applyDefaults(pods, pod);
  const faults = validateObject(pods, pod);
  if (faults.length > 0) throw new Error(faults.map(({ field, message }) => `${field}: ${message}`).join(", "));
  refuseReferences(pod as Pod);
  return pod as Pod;
}

function podIn(text: string): KubeObject {
  const read = readYaml(text);
  if ("error" in read) throw new Error(`line ${read.error.line}: ${read.error.message}`);
  const objects = read.documents.map(({ value }) => value as KubeObject | null).filter((value) => value !== null);
  const [pod, more] = objects;
  if (!pod || more || pod.kind !== "Pod" || pod.apiVersion !== "v1") throw new Error("must hold one Pod, v1");
  const wrong = checkTypes(pods.type, pod);
  if (wrong.length > 0) throw new Error(wrong.map(({ field, message }) => `${field}: ${message}`).join(", "));
  const unknown = pruneUnknown(pods.type, pod);
  if (unknown.length > 0) throw new Error(`unknown field "${unknown[0]}"`);
  if (!pod.metadata?.name) throw new Error("metadata.name: Required value");
  return pod;
}

/** The same text on the same node is the same pod: an agent that comes back knows its containers again. */
function complete(pod: KubeObject, { path, text, nodeName, now }: ManifestFile): void {
  const metadata = pod.metadata!;
  const uid = createHash("sha256").update(JSON.stringify([nodeName, path, text])).digest("hex").slice(0, 32);
  const { source, hash, seen } = sourceAnnotations;
  const spec = (pod.spec ??= {}) as NonNullable<Pod["spec"]>;
  pod.metadata = {
    ...metadata,
    name: `${metadata.name}-${nodeName}`,
    namespace: metadata.namespace || "default",
    uid,
    resourceVersion: "0",
    creationTimestamp: rfc3339(now),
    annotations: { ...metadata.annotations, [source]: "file", [hash]: uid, [seen]: rfc3339(now) },
  };
  spec.nodeName = nodeName;
  spec.priority ??= builtinPriorities[spec.priorityClassName ?? ""];
  spec.tolerations = [...spec.tolerations ?? [], { operator: "Exists", effect: "NoExecute" }];
  delete pod.status;
}

/** What it refers to would have to come from the API server. The first reference is the pod itself. */
function refuseReferences(pod: Pod): void {
  const [, reference] = referencesOf(pod as unknown as Stored);
  if (reference) throw new Error(`a static pod may not refer to ${reference}: it runs without the API server`);
}
