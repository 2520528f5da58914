/** How the command line reaches the API server of its own data folder: as the administrator, by the certificate in the PKI. */
import { readIfThere } from "../auth/mod.ts";
import { httpsClient } from "../client/mod.ts";
import type { Client } from "../loop/mod.ts";
import type { Settings } from "./settings.ts";

/** `https://127.0.0.1:6443`, for clients on this machine. */
export function localServer({ bindAddress, port }: Settings): string {
  return `https://${bindAddress === "0.0.0.0" ? "127.0.0.1" : bindAddress}:${port}`;
}

export async function adminClient(settings: Settings): Promise<Client & Disposable> {
  const read = (file: string) => readIfThere(`${settings.dataDir}/pki/${file}`);
  const [ca, cert, key] = await Promise.all([read("ca.crt"), read("admin.crt"), read("admin.key")]);
  if (!ca || !cert || !key) {
    throw new Error(
      `there is no cluster in ${settings.dataDir}: start one with d8s up, or name its folder with --data-dir`,
    );
  }
  return httpsClient({ server: localServer(settings), ca, cert, key });
}
