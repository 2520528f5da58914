/**
 * Logs over WebSocket: each message is the next piece, as bytes (`binary.k8s.io`) or as base64 text
 * (`base64.binary.k8s.io`). Nothing comes back from the client.
 */
import type { WebSocket } from "ws";
import { hangUp } from "./open_websocket.ts";

const base64Protocol = "base64.binary.k8s.io";
export const logProtocols = ["binary.k8s.io", base64Protocol, ""];

/** `gone` is aborted when the client leaves. */
export async function sendLogs(
  socket: WebSocket,
  chunks: AsyncIterable<Uint8Array>,
  gone: AbortController,
): Promise<void> {
  socket.on("close", () => gone.abort());
  socket.on("error", () => gone.abort());
  try {
    for await (const bytes of chunks) await send(socket, bytes);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    hangUp(socket);
  }
}

function send(socket: WebSocket, bytes: Uint8Array): Promise<void> {
  const message = socket.protocol === base64Protocol ? bytes.toBase64() : bytes;
  return new Promise((resolve) => socket.send(message, () => resolve()));
}
