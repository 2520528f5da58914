/**
 * A node agent alone, for tests that kill it: `deno run agent_process.ts OPTIONS` with `AgentProcessOptions` as JSON.
 *
 * Each line on stdin sets what comes next: `die PLACE` (of failpoints.ts), `clock MS`, which steps the machine's clock, or
 * `shutdown begun` and `shutdown cancelled`, as the machine says it.
 * It prints `up`, and every place that it reaches.
 */
import { kubeletConfiguration } from "../../controllers/kubelet/configuration/configuration.ts";
import type { MachineShutdown, ShutdownHandlers } from "../../controllers/kubelet/shutdown/machine_shutdown.ts";
import { kubelet } from "../../controllers/kubelet/mod.ts";
import { clientCertificates, kubeletAuthorizer } from "../../runtime/auth/mod.ts";
import { httpsClient, type HttpsTarget } from "../../runtime/client/mod.ts";
import { dockerEngine } from "../../runtime/engine/mod.ts";
import { runControllers, systemClock } from "../../runtime/loop/mod.ts";
import { failingClient, failingEngine, failingSystem } from "./failpoints.ts";

export interface AgentProcessOptions {
  readonly folder: string;
  readonly address: string;
  readonly target: HttpsTarget;
  readonly serving: { readonly key: string; readonly cert: string };
  /** Fields of a KubeletConfiguration. */
  readonly configuration?: object;
}

const { folder, address, target, serving, configuration: fields } = JSON.parse(Deno.args[0]!) as AgentProcessOptions;
let deadly: string | undefined;
let offsetMs = 0;

function reached(place: string): void {
  if (place === deadly) Deno.kill(Deno.pid, "SIGKILL");
  console.log(place);
}

failingSystem([`${folder}/`, "/sys/fs/cgroup/"], reached);
const engine = failingEngine(dockerEngine({ host: Deno.env.get("DOCKER_HOST") }), reached);
const client = failingClient(httpsClient(target), reached);
const identity = { authenticate: clientCertificates(), authorize: kubeletAuthorizer() };
const server = { hostname: address, ...serving, clientCa: target.ca, ...identity };
const document = { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1", ...fields };
const configuration = kubeletConfiguration(document);
let shutdown: ShutdownHandlers | undefined;
const machineShutdown: MachineShutdown = {
  check: () => Promise.resolve(),
  watch: (handlers) => void (shutdown = handlers),
};
const place = { nodeName: "n1", nodeIp: address, rootDir: folder };
const options = { ...place, engine, server, configuration, machineShutdown };
const clock = { ...systemClock, now: () => systemClock.now() + offsetMs };
runControllers([kubelet(options)], { client, clock, signal: new AbortController().signal, identity: "test" });
console.log("up");

for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of text.split("\n")) {
    const [, word, rest = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (word === "die") deadly = rest;
    if (word === "clock") offsetMs = Number(rest);
    if (word === "shutdown" && rest === "begun") shutdown!.begun().then(() => console.log("pods have ended"));
    if (word === "shutdown" && rest === "cancelled") shutdown!.cancelled();
  }
}
