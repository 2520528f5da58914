/** The kubelet's HTTPS server: what the API server asks a node for. */
import type { KubeletServerOptions } from "../options.ts";
import type { Agent } from "../sync/agent.ts";

export interface KubeletServer {
  readonly port: number;
  close(): Promise<void>;
}

export function startServer(_agent: Agent, _options: KubeletServerOptions): Promise<KubeletServer> {
  throw new Error("the kubelet's server is not there yet");
}
