/** Kinds by the `apiVersion` and `kind` that files name, asked of discovery once and again when a kind is not known. */
import { type Kind, type KubeObject, Namespace } from "../../runtime/schema/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import { discoverVersion } from "../objects/discovery.ts";
import { type ObjectRef, refOfObject } from "./manifest_file.ts";

export class KindResolver {
  readonly #kinds = new Map<string, Kind<KubeObject>>([[
    `${Namespace.apiVersion}/Namespace`,
    Namespace as Kind<KubeObject>,
  ]]);

  constructor(private readonly client: Client) {}

  async resolve({ apiVersion, kind }: Pick<ObjectRef, "apiVersion" | "kind">): Promise<Kind<KubeObject> | undefined> {
    const id = `${apiVersion}/${kind}`;
    if (!this.#kinds.has(id)) {
      for (const served of await discoverVersion(this.client, apiVersion)) {
        this.#kinds.set(`${apiVersion}/${served.kind.kind}`, served.kind);
      }
    }
    return this.#kinds.get(id);
  }

  /** What is known of a kind without asking. */
  known({ apiVersion, kind }: Pick<ObjectRef, "apiVersion" | "kind">): Kind<KubeObject> | undefined {
    return this.#kinds.get(`${apiVersion}/${kind}`);
  }

  /** A kind's definition has changed or gone. */
  forget(): void {
    for (const id of this.#kinds.keys()) if (id.includes(".")) this.#kinds.delete(id);
  }

  /** Fills in the namespace `default` where a namespaced kind names none, and drops it where a kind has none. */
  normalise(object: KubeObject): { ref: ObjectRef; object: KubeObject } {
    const kind = this.known({ apiVersion: object.apiVersion ?? "", kind: object.kind ?? "" });
    const { namespace, ...rest } = object.metadata ?? {};
    if (!kind || kind.namespaced === (namespace !== undefined)) return { ref: refOfObject(object), object };
    const metadata = kind.namespaced ? { namespace: "default", ...rest } : rest;
    const filled = { ...object, metadata };
    return { ref: refOfObject(filled), object: filled };
  }
}
