/**
 * The ClusterTrustBundles of the cluster, followed as soon as a pod of this node wants some, and for no pod before that; and
 * the certificates in them as one file.
 *
 * Source: KEP-3257; core/v1 ClusterTrustBundleProjection.
 */
import type { IClusterTrustBundleProjection } from "kubernetes-models/v1/ClusterTrustBundleProjection";
import type { Informer, LoopContext } from "../../../runtime/loop/mod.ts";
import {
  ClusterTrustBundle,
  compileLabelSelector,
  type IClusterTrustBundle,
  isReason,
  type Key,
  type Stored,
} from "../../../runtime/schema/mod.ts";
import { MountError } from "./payload.ts";

export type TrustBundle = Stored<IClusterTrustBundle>;

export interface TrustBundlesOptions extends Pick<LoopContext, "client" | "informers"> {
  /** These pods use what may have changed. */
  readonly onChange: (pod: Key) => void;
}

export class TrustBundles {
  readonly #users = new Set<Key>();
  #informer?: Informer<IClusterTrustBundle>;

  constructor(readonly options: TrustBundlesOptions) {}

  /** All there are, as last seen. Throws a `MountError` where the cluster serves none. */
  async all(pod: Key): Promise<readonly TrustBundle[]> {
    this.#users.add(pod);
    const informer = this.#informer ?? await this.#follow();
    await informer.synced;
    return informer.list();
  }

  release(pod: Key): void {
    this.#users.delete(pod);
  }

  async #follow(): Promise<Informer<IClusterTrustBundle>> {
    const { client, informers, onChange } = this.options;
    await client.list(ClusterTrustBundle, { limit: 1 }).catch((error) => {
      if (!isReason(error, "NotFound")) throw error;
      throw new MountError(
        "clusterTrustBundle sources need certificates.k8s.io/v1beta1, which this cluster does not serve (--runtime-config)",
      );
    });
    if (this.#informer) return this.#informer;
    this.#informer = informers.of(ClusterTrustBundle);
    this.#informer.onChange(() => this.#users.forEach(onChange));
    return this.#informer;
  }
}

/** Each certificate once, in an order that says nothing and stays. Throws a `MountError` for what is missing and must be there. */
export function trustAnchors(source: IClusterTrustBundleProjection, bundles: readonly TrustBundle[]): string {
  const found = bundles.filter(chosenBy(source));
  if (found.length === 0 && !source.optional) throw new MountError(missing(source));
  const certificates = found.flatMap(({ spec }) => [...(spec?.trustBundle ?? "").matchAll(blocks)]);
  const bodies = new Set(certificates.map(([, body]) => body!.replaceAll(/\s/g, "")));
  return [...bodies].sort().map(pem).join("");
}

const blocks = /-----BEGIN CERTIFICATE-----\s([^-]*)-----END CERTIFICATE-----/g;

/** A selector that is absent matches nothing, an empty one everything. */
function chosenBy(
  { name, signerName, labelSelector }: IClusterTrustBundleProjection,
): (bundle: TrustBundle) => boolean {
  if (name) return ({ metadata }) => metadata.name === name;
  const matches = compileLabelSelector(labelSelector);
  return ({ metadata, spec }) => spec?.signerName === signerName && matches(metadata.labels ?? {});
}

function missing({ name }: IClusterTrustBundleProjection): string {
  return name
    ? `clustertrustbundle.certificates.k8s.io "${name}" not found`
    : "combination of signerName and labelSelector matched zero ClusterTrustBundles";
}

function pem(body: string): string {
  return `-----BEGIN CERTIFICATE-----\n${body.replaceAll(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`;
}
