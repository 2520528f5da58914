/**
 * The store behind an EncryptionConfiguration file. When the file changes, new writes go under the new first key at once, and
 * what is under another is written anew; a file that is wrong changes nothing and is told in the log.
 */
import { basename, dirname } from "node:path";
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { encryptedStore, parseEncryption } from "../store/encryption/mod.ts";
import type { Store } from "../store/mod.ts";

/** Throws when the file cannot be read or is wrong: nothing starts with secrets in the open by mistake. */
export async function encryptedBy(path: string, store: Store): Promise<Store> {
  const log = getLogger(["d8s", "encryption"]);
  const read = async () => await parseEncryption(load(await Deno.readTextFile(path)));
  const encrypted = encryptedStore(store, await read());
  const rewrite = async () => {
    const count = await encrypted.rewriteStale("/registry/");
    if (count > 0) log.info("values were encrypted anew", { count });
  };
  await rewrite();
  const watcher = Deno.watchFs(dirname(path));
  const following = (async () => {
    for await (const { paths } of watcher) {
      if (!paths.some((changed) => basename(changed) === basename(path))) continue;
      try {
        encrypted.use(await read());
        await rewrite();
      } catch (error) {
        log.error("the encryption configuration is not taken up", { path, error });
      }
    }
  })();
  return {
    ...encrypted,
    async close() {
      watcher.close();
      await following;
      await encrypted.close();
    },
  };
}
