/**
 * The store behind an EncryptionConfiguration file. When the file changes, new writes go under the new first key at once, without
 * a restart; `d8s secrets rotate` writes anew what is under another. A file that is wrong changes nothing and is told in the log.
 */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { grpcCall } from "../client/grpc.ts";
import { type EncryptedStore, encryptedStore, type KmsAccess, parseEncryption } from "../store/encryption/mod.ts";
import type { Store } from "../store/mod.ts";
import { followFile } from "./follow_file.ts";

const plugins: KmsAccess = {
  call: (socket, timeoutMs) => (method, message) =>
    grpcCall({ socket, method: `/v2.KeyManagementService/${method}`, message }, timeoutMs),
  now: Date.now,
};

/** Throws when the file cannot be read or is wrong: nothing starts with secrets in the open by mistake. */
export async function encryptedBy(path: string, store: Store): Promise<EncryptedStore> {
  const log = getLogger(["d8s", "encryption"]);
  const read = async () => await parseEncryption(load(await Deno.readTextFile(path)), plugins);
  const encrypted = encryptedStore(store, await read());
  const following = followFile(path, async () => {
    try {
      encrypted.use(await read());
      log.info("the encryption configuration was taken up", { path });
    } catch (error) {
      log.error("the encryption configuration is not taken up", { path, error });
    }
  });
  return {
    ...encrypted,
    async close() {
      await following[Symbol.asyncDispose]();
      await encrypted.close();
    },
  };
}
