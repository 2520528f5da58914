/** ServiceAccount tokens of pods, asked for through the API and renewed when four fifths of their life are over. */
import type { Client } from "../../../runtime/loop/mod.ts";
import { ServiceAccount } from "../../../runtime/schema/mod.ts";
import { type Pod, specOf } from "../pod/pod.ts";

interface Token {
  readonly text: string;
  /** Both in milliseconds since the epoch. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

const maxAgeMs = 24 * 60 * 60 * 1000;

export class TokenCache {
  readonly #tokens = new Map<string, Token>();

  constructor(readonly client: Client, readonly now: () => number) {}

  async get(pod: Pod, audience: string, expirationSeconds: number): Promise<Token> {
    const id = `${pod.metadata.uid} ${audience} ${expirationSeconds}`;
    const present = this.#tokens.get(id);
    if (present && present.renewAt > this.now()) return present;
    const token = await this.#request(pod, audience, expirationSeconds);
    this.#tokens.set(id, token);
    return token;
  }

  release(podUid: string): void {
    for (const id of this.#tokens.keys()) if (id.startsWith(`${podUid} `)) this.#tokens.delete(id);
  }

  async #request(pod: Pod, audience: string, expirationSeconds: number): Promise<Token> {
    const { namespace, name, uid } = pod.metadata;
    const answer = await this.client.post(
      ServiceAccount,
      { namespace, name: specOf(pod).serviceAccountName ?? "default" },
      "token",
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          audiences: audience === "" ? [] : [audience],
          expirationSeconds,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        },
      },
    );
    const { token, expirationTimestamp } = answer.status as { token: string; expirationTimestamp: string };
    const expiresAt = Date.parse(expirationTimestamp);
    return { text: token, renewAt: this.now() + Math.min((expiresAt - this.now()) * 0.8, maxAgeMs), expiresAt };
  }
}
