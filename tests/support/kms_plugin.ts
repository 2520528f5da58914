/**
 * A KMS v2 plug-in on a real socket. Its key turns bytes around and adds the key's id: nothing is secret, and what was wrapped
 * under one id cannot be opened under another.
 */
import { grpcServe } from "../../runtime/client/grpc.ts";
import { bytes, list, message, text } from "../../runtime/schema/codec/proto_message.ts";

const note = message({ key: text(1), value: bytes(2) });
const status = message({ version: text(1), healthz: text(2), keyId: text(3) });
const encryptRequest = message({ plaintext: bytes(1), uid: text(2) });
const encryptResponse = message({ ciphertext: bytes(1), keyId: text(2), annotations: list(3, note) });
const decryptRequest = message({ ciphertext: bytes(1), uid: text(2), keyId: text(3), annotations: list(4, note) });
const decryptResponse = message({ plaintext: bytes(1) });

const noteKey = "note.kms.example.com";

export interface KmsPlugin {
  readonly socket: string;
  /** May be changed at any time. */
  keyId: string;
  healthz: string;
  /** Methods that were called, in order. */
  readonly calls: string[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function kmsPlugin(socket: string): Promise<KmsPlugin> {
  let server: AsyncDisposable | undefined;
  const plugin: KmsPlugin = {
    socket,
    keyId: "key-1",
    healthz: "ok",
    calls: [],
    async start() {
      server = await grpcServe(socket, methods);
    },
    async stop() {
      await server?.[Symbol.asyncDispose]();
      server = undefined;
    },
  };
  const method = (name: string, work: (ask: Uint8Array) => Uint8Array) => ({
    [`/v2.KeyManagementService/${name}`]: async function* (ask: Uint8Array) {
      plugin.calls.push(name);
      yield await Promise.resolve(work(ask));
    },
  });
  const methods = {
    ...method("Status", () => status.encode({ version: "v2", healthz: plugin.healthz, keyId: plugin.keyId })),
    ...method("Encrypt", (ask) => {
      const { keyId } = plugin;
      const ciphertext = encryptRequest.decode(ask).plaintext.toReversed();
      const annotations = [{ key: noteKey, value: new TextEncoder().encode(keyId) }];
      return encryptResponse.encode({ ciphertext, keyId, annotations });
    }),
    ...method("Decrypt", (ask) => {
      const { ciphertext, keyId, annotations } = decryptRequest.decode(ask);
      const noted = annotations.find(({ key }) => key === noteKey)?.value;
      if (new TextDecoder().decode(noted) !== keyId) throw new Error("the annotations are not those of this key");
      return decryptResponse.encode({ plaintext: ciphertext.toReversed() });
    }),
  };
  await plugin.start();
  return plugin;
}
