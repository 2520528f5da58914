/**
 * With whose credentials the images of this node were pulled, so that a pod does not get by their presence what it could not
 * pull itself. (KEP-2535)
 *
 * An image without a record was brought by somebody else. Before a pull its name is noted: an image that came while nobody
 * wrote down for whom is for nobody until he has pulled it.
 */
import type { ImageInfo, PullCredentials } from "../../../runtime/engine/mod.ts";
import type { NodeConfiguration } from "../configuration/mod.ts";

interface PulledRecord {
  /** It was had without any credentials. */
  readonly anybody: boolean;
  /** SHA-256 of each credential that it was had with. */
  readonly credentials: readonly string[];
}

type Policy = Pick<
  NodeConfiguration,
  "imagePullCredentialsVerificationPolicy" | "preloadedImagesVerificationAllowlist"
>;

const nobody: PulledRecord = { anybody: false, credentials: [] };

export class PulledRecords {
  /** `folder`: written by nobody else. */
  constructor(readonly folder: string, readonly policy: Policy) {}

  /** Whether who holds these credentials has the image without pulling it again. */
  async mayUse(image: ImageInfo, reference: string, credentials: readonly PullCredentials[]): Promise<boolean> {
    const { imagePullCredentialsVerificationPolicy: policy } = this.policy;
    if (policy === "NeverVerify") return true;
    const record = await read<PulledRecord>(this.#recordOf(image.id));
    if (!record) return policy === "NeverVerifyPreloadedImages" || this.#isListed(reference);
    if (record.anybody) return true;
    const hashes = await Promise.all(credentials.map(hashOf));
    return hashes.some((hash) => record.credentials.includes(hash));
  }

  /** Before a pull. */
  async intend(reference: string): Promise<void> {
    await write(await this.#intentOf(reference), { reference });
  }

  /** After it: with which credential it was pulled, if any, or nothing when it was not. */
  async settle(reference: string, image: ImageInfo | undefined, by?: { credential?: PullCredentials }): Promise<void> {
    if (image && by) await this.#add(image.id, by.credential);
    await Deno.remove(await this.#intentOf(reference)).catch(() => {});
  }

  /** Once, before the first pod: pulls that nobody saw end; and records of images that are gone. */
  async recover(images: readonly ImageInfo[], find: (reference: string) => Promise<ImageInfo | undefined>) {
    for (const name of await namesIn(`${this.folder}/pulling`)) {
      const path = `${this.folder}/pulling/${name}`;
      const image = await find((await read<{ reference: string }>(path))?.reference ?? "").catch(() => undefined);
      if (image && !await read(this.#recordOf(image.id))) await write(this.#recordOf(image.id), nobody);
      await Deno.remove(path);
    }
    const present = new Set(images.map(({ id }) => this.#recordOf(id)));
    for (const name of await namesIn(`${this.folder}/pulled`)) {
      const path = `${this.folder}/pulled/${name}`;
      if (!present.has(path)) await Deno.remove(path);
    }
  }

  async #add(id: string, credential: PullCredentials | undefined): Promise<void> {
    const path = this.#recordOf(id);
    const before = await read<PulledRecord>(path) ?? nobody;
    const hash = credential && await hashOf(credential);
    await write(path, {
      anybody: before.anybody || hash === undefined,
      credentials: [...new Set([...before.credentials, ...(hash ? [hash] : [])])],
    });
  }

  #recordOf(id: string): string {
    return `${this.folder}/pulled/${id.replace(":", "-")}`;
  }

  async #intentOf(reference: string): Promise<string> {
    return `${this.folder}/pulling/${await sha256(reference)}`;
  }

  /** `registry/path`, or `registry/path/*` for all below it. */
  #isListed(reference: string): boolean {
    const { imagePullCredentialsVerificationPolicy: policy, preloadedImagesVerificationAllowlist: list } = this.policy;
    const name = reference.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
    return policy === "NeverVerifyAllowlistedImages" &&
      list.some((one) => one.endsWith("/*") ? name.startsWith(one.slice(0, -1)) : name === one);
  }
}

function hashOf({ server, username, password }: PullCredentials): Promise<string> {
  return sha256(JSON.stringify([server, username, password]));
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder)).catch(() => [])).map(({ name }) => name);
}

/** What can't be read names nobody. */
async function read<T>(path: string): Promise<T | undefined> {
  const text = await Deno.readTextFile(path).catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text) as T;
}

/** All of it, or nothing. */
async function write(path: string, value: object): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${path}~new`, JSON.stringify(value), { mode: 0o600 });
  await Deno.rename(`${path}~new`, path);
}
