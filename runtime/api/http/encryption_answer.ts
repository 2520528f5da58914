/** `/d8s/encryption`, for `d8s secrets`: who may ask is said by rights on the path, which administrators alone have. */
import type { EncryptedStore } from "../../store/encryption/mod.ts";
import { noSuchPage } from "../objects/refusals.ts";
import { answer } from "./answer.ts";
import { jsonText } from "./json_bytes.ts";

export type Encryption = Pick<EncryptedStore, "keyUse" | "rotate" | "trouble">;

/** Throws NotFound where nothing is encrypted. */
export async function encryptionAnswer(encryption: Encryption | undefined, rotate: boolean): Promise<Response> {
  if (!encryption) throw noSuchPage();
  const body = rotate ? { rewritten: await encryption.rotate() } : { uses: await encryption.keyUse() };
  return answer(jsonText(body), "application/json");
}
