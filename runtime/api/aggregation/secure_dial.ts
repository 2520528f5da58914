/** TLS to the first address that answers. Whom it must be is checked against `ca`, unless the caller says not to. */
import { connect, type TLSSocket } from "node:tls";
import type { Address } from "./service_target.ts";

export interface SecureDial {
  readonly addresses: readonly Address[];
  readonly serverName: string;
  /** PEM; absent: the authorities that the machine trusts. */
  readonly ca?: string;
  /** Shown to the other side: PEM. */
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
}

/** Rejects with the error of the last address, or with the signal's reason. */
export async function secureDial(dial: SecureDial): Promise<TLSSocket> {
  let failure: unknown = new Error("there is no address to connect to");
  for (const address of dial.addresses) {
    try {
      return await connected(address, dial);
    } catch (error) {
      failure = error;
      if (dial.signal?.aborted || !isUnreachable(error)) break;
    }
  }
  throw failure;
}

const unreachable = new Set(["EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ECONNREFUSED"]);

/** Another address may do better; a wrong certificate is wrong everywhere. */
function isUnreachable(error: unknown): boolean {
  return unreachable.has((error as { code?: string }).code ?? "");
}

function connected({ host, port }: Address, dial: SecureDial): Promise<TLSSocket> {
  const { serverName: servername, ca, cert, key, insecure, signal } = dial;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connect({ host, port, servername, ca, cert, key, rejectUnauthorized: !insecure });
    const settle = () => {
      signal?.removeEventListener("abort", abort);
      socket.off("error", fail);
    };
    const fail = (error: unknown) => {
      settle();
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      settle();
      resolve(socket);
    });
  });
}
