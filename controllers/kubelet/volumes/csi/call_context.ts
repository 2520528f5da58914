/** What goes with a publish call beside the volume itself: the pod's name, its tokens, and secrets. */
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import { keyOf, type Ref, Secret } from "../../../../runtime/schema/mod.ts";
import type { Pod } from "../../pod/pod.ts";
import type { ObjectCache } from "../object_cache.ts";
import { MountError } from "../payload.ts";
import type { TokenCache } from "../token_cache.ts";
import { type CsiVolume, podInfo } from "./csi_volume.ts";

export interface CallFacts {
  readonly pod: Pod;
  readonly volume: CsiVolume;
  /** The driver's own object, if there is one. */
  readonly policy?: ICSIDriver;
}

type Texts = Readonly<Record<string, string>>;

const tokensKey = "csi.storage.k8s.io/serviceAccount.tokens";
const defaultTokenSeconds = 3600;

export class CallContext {
  constructor(readonly objects: ObjectCache, readonly tokens: TokenCache) {}

  async publish({ pod, volume, policy }: CallFacts): Promise<{ secrets: Texts; volume_context: Texts }> {
    const info = policy?.spec.podInfoOnMount ? podInfo(pod, volume.ephemeral) : {};
    const tokens = await this.#tokens(pod, policy);
    const inSecrets = policy?.spec.serviceAccountTokenInSecrets ?? false;
    const secrets = await this.secrets(pod, volume.secrets.publish);
    return {
      secrets: { ...secrets, ...(inSecrets ? tokens : {}) },
      volume_context: { ...volume.attributes, ...info, ...(inSecrets ? {} : tokens) },
    };
  }

  async secrets(pod: Pod, ref: Ref | undefined): Promise<Texts> {
    if (!ref?.name) return {};
    const secret = await this.objects.get(Secret, ref, keyOf(pod));
    if (!secret) {
      throw new MountError(`failed to get secret ${ref.namespace}/${ref.name}: secret "${ref.name}" not found`);
    }
    const decoder = new TextDecoder();
    return Object.fromEntries(
      Object.entries(secret.data ?? {}).map(([key, base64]) => [key, decoder.decode(Uint8Array.fromBase64(base64))]),
    );
  }

  async #tokens(pod: Pod, policy: ICSIDriver | undefined): Promise<Texts> {
    const requests = policy?.spec.tokenRequests ?? [];
    if (requests.length === 0) return {};
    const tokens = await Promise.all(requests.map(async ({ audience, expirationSeconds = defaultTokenSeconds }) => {
      const { text, expiresAt } = await this.tokens.get(pod, audience, expirationSeconds);
      return [audience, { token: text, expirationTimestamp: new Date(expiresAt).toISOString().replace(/\.\d+/, "") }];
    }));
    return { [tokensKey]: JSON.stringify(Object.fromEntries(tokens)) };
  }
}
