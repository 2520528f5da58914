/** Connections to kubelets over mutual TLS: each side shows a certificate of the cluster's CA. */
import { connect } from "node:tls";
import { StatusError } from "../../schema/mod.ts";
import type { DialKubelet } from "./destination.ts";

export interface KubeletTls {
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const patienceMs = 10_000;

/** `tls` is asked for with each connection, because certificates are renewed. */
export function tlsKubeletDialer(tls: () => KubeletTls): DialKubelet {
  return ({ nodeName, host, port }) =>
    new Promise((resolve, reject) => {
      const socket = connect({ ...tls(), host, port, servername: host.includes(":") ? "" : undefined });
      const fail = (error: Error) => {
        socket.destroy();
        reject(
          new StatusError(
            "ServiceUnavailable",
            `error dialing backend: the kubelet of node ${nodeName} (${host}:${port}) cannot be reached: ${error.message}`,
            {},
            { cause: error },
          ),
        );
      };
      const timer = setTimeout(() => fail(new Error(`no answer in ${patienceMs / 1000} s`)), patienceMs);
      socket.once("error", fail);
      socket.once("secureConnect", () => {
        clearTimeout(timer);
        socket.off("error", fail);
        resolve(socket);
      });
      socket.once("close", () => clearTimeout(timer));
    });
}
