/**
 * Which node needs which objects, because a pod that is bound to it names them. A change costs what its pod refers to, a
 * question a look-up, however many nodes and pods there are.
 */
import type { Stored } from "../../schema/mod.ts";
import { nodeOf, type Reference, reference, referencesOf, volumeReferences } from "./references.ts";

/** The last two name their node themselves. */
export type GraphKind = "pods" | "persistentvolumes" | "volumeattachments" | "resourceslices";

interface BoundPod {
  readonly node: string;
  readonly references: ReadonlySet<Reference>;
}

export class NodeGraph {
  readonly #pods = new Map<string, BoundPod>();
  /** Node to reference to the number of its pods that have it. */
  readonly #needs = new Map<string, Map<Reference, number>>();
  readonly #volumes = new Map<string, ReturnType<typeof volumeReferences>>();
  readonly #volumesOfSecret = new Map<Reference, Set<string>>();
  /** `volumeattachments NAME`, `resourceslices NAME` */
  readonly #nodeNamed = new Map<string, string | undefined>();

  set(kind: GraphKind, object: Stored): void {
    if (kind === "pods") return this.#setPod(object);
    if (kind === "persistentvolumes") return this.#setVolume(object);
    this.#nodeNamed.set(`${kind} ${object.metadata.name}`, nodeOf(object));
  }

  delete(kind: GraphKind, { metadata: { namespace, name } }: Stored): void {
    if (kind === "pods") this.#forgetPod(`${namespace}/${name}`);
    else if (kind === "persistentvolumes") this.#forgetVolume(name);
    else this.#nodeNamed.delete(`${kind} ${name}`);
  }

  /** Whether a pod on the node refers to the object, at once or through its volume. */
  reaches(node: string, plural: string, namespace: string | undefined, name: string): boolean {
    if (plural === "volumeattachments" || plural === "resourceslices") {
      return this.#nodeNamed.get(`${plural} ${name}`) === node;
    }
    if (plural === "persistentvolumes") return this.#usesVolume(node, name);
    const wanted = reference(plural, namespace, name);
    if (this.#needs.get(node)?.has(wanted)) return true;
    const volumes = plural === "secrets" ? this.#volumesOfSecret.get(wanted) ?? [] : [];
    return [...volumes].some((volume) => this.#usesVolume(node, volume));
  }

  #usesVolume(node: string, volume: string): boolean {
    const claim = this.#volumes.get(volume)?.claim;
    return claim !== undefined && (this.#needs.get(node)?.has(claim) ?? false);
  }

  #setPod(pod: Stored): void {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    this.#forgetPod(key);
    const node = nodeOf(pod);
    if (!node) return;
    const references = referencesOf(pod);
    this.#pods.set(key, { node, references });
    const needs = this.#needs.get(node) ?? new Map<Reference, number>();
    this.#needs.set(node, needs);
    for (const one of references) needs.set(one, (needs.get(one) ?? 0) + 1);
  }

  #forgetPod(key: string): void {
    const pod = this.#pods.get(key);
    const needs = pod && this.#needs.get(pod.node);
    if (!pod || !needs) return;
    this.#pods.delete(key);
    for (const one of pod.references) {
      const left = needs.get(one)! - 1;
      if (left > 0) needs.set(one, left);
      else needs.delete(one);
    }
    if (needs.size === 0) this.#needs.delete(pod.node);
  }

  #setVolume(volume: Stored): void {
    const { name } = volume.metadata;
    this.#forgetVolume(name);
    const references = volumeReferences(volume);
    this.#volumes.set(name, references);
    for (const secret of references.secrets) {
      this.#volumesOfSecret.set(secret, (this.#volumesOfSecret.get(secret) ?? new Set()).add(name));
    }
  }

  #forgetVolume(name: string): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) {
      const volumes = this.#volumesOfSecret.get(secret);
      volumes?.delete(name);
      if (volumes?.size === 0) this.#volumesOfSecret.delete(secret);
    }
    this.#volumes.delete(name);
  }
}
