/**
 * Claims that drivers have prepared on this node, and for which pods. The record is written before a driver is asked: who dies
 * in between knows whom to ask to take it back.
 */
import type { ClaimRef, PreparedDevice } from "./protocol.ts";

export interface PreparedClaim {
  readonly claim: ClaimRef;
  /** Uids of those that use it. */
  readonly pods: readonly string[];
  /** By driver; absent: not prepared yet. */
  readonly devices: Readonly<Record<string, readonly PreparedDevice[] | null>>;
}

export class PreparedClaims {
  #known: Promise<Map<string, PreparedClaim>> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(readonly path: string) {}

  async get(uid: string): Promise<PreparedClaim | undefined> {
    return (await this.#all()).get(uid);
  }

  async ofPod(podUid: string): Promise<PreparedClaim[]> {
    return [...(await this.#all()).values()].filter(({ pods }) => pods.includes(podUid));
  }

  async put(prepared: PreparedClaim): Promise<void> {
    (await this.#all()).set(prepared.claim.uid, prepared);
    await this.#write();
  }

  async delete(uid: string): Promise<void> {
    (await this.#all()).delete(uid);
    await this.#write();
  }

  #all(): Promise<Map<string, PreparedClaim>> {
    return this.#known ??= read(this.path);
  }

  /** One after the other, each what is known by then. */
  #write(): Promise<void> {
    const written = this.#writing.then(async () => {
      const text = JSON.stringify([...(await this.#all()).values()]);
      await Deno.writeTextFile(`${this.path}~new`, text, { mode: 0o600 });
      await Deno.rename(`${this.path}~new`, this.path);
    });
    this.#writing = written.catch(() => {});
    return written;
  }
}

async function read(path: string): Promise<Map<string, PreparedClaim>> {
  const text = await Deno.readTextFile(path).catch(() => "[]");
  return new Map((JSON.parse(text) as PreparedClaim[]).map((one) => [one.claim.uid, one]));
}
