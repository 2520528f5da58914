/** What one kubelet says of its node: the part of `/stats/summary` that is shown as metrics. */
import { request } from "node:http";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import type { Destination } from "../streams/destination.ts";

interface Usage {
  readonly cpu?: { readonly time: string; readonly usageNanoCores?: number };
  readonly memory?: { readonly time: string; readonly workingSetBytes?: number };
}

export interface KubeletSummary {
  readonly node: Usage & { readonly nodeName: string };
  readonly pods: readonly (Usage & {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly containers: readonly (Usage & { readonly name: string })[];
  })[];
}

const patienceMs = 10_000;

export async function readSummary({ connect, path, host }: Destination): Promise<KubeletSummary> {
  const socket = await connect();
  try {
    return JSON.parse(await ask(socket, path, host)) as KubeletSummary;
  } finally {
    socket.destroy();
  }
}

function ask(socket: Duplex, path: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => socket as never,
      path,
      headers: { host },
      signal: AbortSignal.timeout(patienceMs),
    }, (response) => {
      if (response.statusCode === 200) return void text(response).then(resolve, reject);
      response.resume();
      reject(new Error(`the kubelet at ${host} answered ${response.statusCode}`));
    });
    asked.once("error", reject);
    asked.end();
  });
}

/** `resourceList` of what was used: billionths of a CPU, Kibibytes. */
export function usageOf({ cpu, memory }: Usage): { cpu: string; memory: string } {
  return {
    cpu: `${cpu?.usageNanoCores ?? 0}n`,
    memory: `${Math.ceil((memory?.workingSetBytes ?? 0) / 1024)}Ki`,
  };
}
