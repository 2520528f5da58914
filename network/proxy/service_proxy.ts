/**
 * The service proxy: Services and EndpointSlices as iptables rules of this node.
 *
 * A burst of changes is one restore. Nothing runs at idle but a look, each half minute, whether somebody flushed the rules.
 * The rules stay when the loop stops, so that traffic flows on while d8s restarts; `removeProxy` takes them away.
 */
import {
  type Controller,
  done,
  type Enqueue,
  every,
  everything,
  type LoopContext,
  mapped,
  type Outcome,
  type Source,
} from "../../runtime/loop/mod.ts";
import { EndpointSlice, Node, Service } from "../../runtime/schema/mod.ts";
import { type Run, runChecked, runHere } from "../command.ts";
import { removeRules, type RuleWriter, ruleWriter } from "../iptables/writer.ts";
import { restoreSysctls, setSysctls, type Sysctls } from "../sysctls.ts";
import { proxyChains } from "./chains_owner.ts";
import { healthPorts, type HealthServers, healthServers } from "./health_ports.ts";
import { proxyRules } from "./rules.ts";
import type { ServicePort } from "./service_port.ts";
import { servicePorts } from "./service_ports.ts";
import { leftFlows, staleFlows } from "./stale_flows.ts";

export interface ServiceProxyOptions {
  readonly nodeName: string;
  /** Addresses of all pods, `10.244.0.0/16`. */
  readonly podCidr: string;
  /** Own folder for what `removeProxy` needs, such as `/var/lib/d8s/proxy`. */
  readonly stateDir: string;
  readonly run?: Run;
}

/** Waited for more changes before the rules are written. */
const burstMs = 20;
const lookMs = 30_000;
const lookKey = "intact";

const sysctls: Sysctls = {
  "net/ipv4/ip_forward": "1",
  // Answers between two pods on one bridge must pass the rules that turn addresses back.
  "net/bridge/bridge-nf-call-iptables": "1",
  // Node ports on 127.0.0.1: a packet from there may leave by another device, under a masquerade.
  "net/ipv4/conf/all/route_localnet": "1",
};

export function serviceProxy(options: ServiceProxyOptions): Controller {
  const { nodeName, stateDir, run = runHere } = options;
  let writer: RuleWriter;
  // Unknown until the first rules are written: flows of an earlier process are looked up then.
  let written: readonly ServicePort[] | undefined;
  let health: HealthServers;
  return {
    name: "proxy",
    leaderOnly: false,
    // One world, one writer.
    workers: 1,
    sources: [
      inBursts(mapped(Service, () => [everything])),
      inBursts(mapped(EndpointSlice, () => [everything])),
      inBursts(mapped(Node, () => [everything], {
        when: ({ key, object, old }) => key === nodeName && zoneOf(object) !== zoneOf(old),
      })),
      every(lookMs, lookKey),
    ],
    async start({ log }) {
      writer = ruleWriter(proxyChains, run);
      written = undefined;
      health = healthServers();
      for (const missing of await switchKernel(stateDir, run)) {
        log.warn("the kernel lacks a switch that Services need; load its module (modprobe br_netfilter)", { missing });
      }
    },
    async reconcile(key, context): Promise<Outcome> {
      if (key === lookKey && await writer.intact()) return done;
      const ports = desiredPorts(options, context);
      const changed = await writer.write(proxyRules(ports, options));
      const stale = written ? staleFlows(written, ports) : leftFlows(await listFlows(ports, run), ports);
      for (const deletion of stale) await forgetFlows(deletion, run);
      written = ports;
      if (changed) context.log.debug("wrote the rules of Services", { ports: ports.length });
      await serveHealth(health, nodeName, context);
      return done;
    },
    async stop() {
      await health[Symbol.asyncDispose]();
    },
  };
}

/** Bridge netfilter is a module on most kernels, and built in or already loaded on others. */
async function switchKernel(stateDir: string, run: Run): Promise<string[]> {
  const keeping = { keptIn: `${stateDir}/sysctls.json`, run };
  const missing = await setSysctls(sysctls, keeping);
  if (missing.length === 0) return [];
  await run(["modprobe", "br_netfilter"]).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  return await setSysctls(sysctls, keeping);
}

/** Takes away every rule and chain of the proxy and puts the kernel's switches back. */
export async function removeProxy({ stateDir, run = runHere }: Pick<ServiceProxyOptions, "stateDir" | "run">) {
  await removeRules(proxyChains, run);
  await restoreSysctls({ keptIn: `${stateDir}/sysctls.json`, run });
}

function desiredPorts({ nodeName }: ServiceProxyOptions, { informers }: LoopContext): ServicePort[] {
  const place = { nodeName, zone: zoneOf(informers.of(Node).get(nodeName)) };
  return servicePorts(informers.of(Service).list(), informers.of(EndpointSlice).list(), place);
}

function zoneOf(node?: { metadata: { labels?: Record<string, string> } }): string | undefined {
  return node?.metadata.labels?.["topology.kubernetes.io/zone"];
}

function inBursts(source: Source): Source {
  return {
    start: (enqueue, context) => {
      const later: Enqueue = (key, options) => enqueue(key, { ...options, afterMs: burstMs });
      return source.start(later, context);
    },
  };
}

async function serveHealth(health: HealthServers, nodeName: string, { informers, recorder }: LoopContext) {
  const services = informers.of(Service);
  const ports = healthPorts(services.list(), informers.of(EndpointSlice).list(), nodeName);
  for (const { port: { port, namespace, service }, why } of await health.serve(ports)) {
    const about = services.get(`${namespace}/${service}`);
    const message = `node ${nodeName} failed to start healthcheck "${namespace}/${service}" on port ${port}: ${why}`;
    if (about) recorder.event(about, "Warning", "FailedToStartServiceHealthcheck", message);
  }
}

async function listFlows(ports: readonly ServicePort[], run: Run): Promise<string> {
  if (!ports.some(({ protocol }) => protocol === "udp")) return "";
  return await runChecked(run, ["conntrack", "-L", "-p", "udp"]);
}

/** Exit code 1 says that there was no such flow. */
async function forgetFlows(deletion: readonly string[], run: Run): Promise<void> {
  const { code, stderr } = await run(["conntrack", ...deletion]);
  if (code > 1) throw new Error(`conntrack ${deletion.join(" ")} ended with ${code}: ${stderr.trim()}`);
}
