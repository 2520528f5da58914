/**
 * The pod network of a node: the CNI configuration that the kubelet's plugins are run with, plain routes to the other
 * nodes' pods, and the rules that let pods be forwarded.
 *
 * It begins when `node.spec.podCIDR` is there. What it cannot reach it says in an Event of the Node. Everything stays when
 * the loop stops, so that pods keep their network while d8s restarts; `removeOverlay` takes it away.
 */
import type { INode } from "kubernetes-models/v1/Node";
import {
  type Change,
  type Controller,
  done,
  every,
  everything,
  type LoopContext,
  mapped,
  type Outcome,
} from "../../runtime/loop/mod.ts";
import { Node, type Stored } from "../../runtime/schema/mod.ts";
import { type Run, runChecked, runHere } from "../command.ts";
import { removeRules, type RuleWriter, ruleWriter } from "../iptables/writer.ts";
import { restoreSysctls, setSysctls, type Sysctls } from "../sysctls.ts";
import { conflist, conflistName } from "./conflist.ts";
import { removeHostPorts } from "./host_ports.ts";
import { hostLinks, ownRoutes } from "./host_links.ts";
import { internalIp, planRoutes, routeCommands, type Unreachable } from "./routes.ts";
import { overlayChains, overlayRules } from "./rules.ts";

export interface OverlayOptions {
  readonly nodeName: string;
  /** Addresses of all pods, `10.244.0.0/16`. */
  readonly podCidr: string;
  /** Own folder for taken addresses and for what `removeOverlay` needs, such as `/var/lib/d8s/overlay`. */
  readonly stateDir: string;
  /** Default `/etc/cni/net.d`. */
  readonly cniConfDir?: string;
  /** Default `cni0`. */
  readonly bridge?: string;
  readonly run?: Run;
}

/** How often routes and rules are looked at that somebody else may have taken away. */
const lookMs = 60_000;

const sysctls: Sysctls = { "net/ipv4/ip_forward": "1" };

export function overlay(options: OverlayOptions): Controller {
  const { nodeName, stateDir, run = runHere } = options;
  let writer: RuleWriter;
  let told = "";
  return {
    name: "overlay",
    leaderOnly: false,
    // One world, one writer.
    workers: 1,
    sources: [mapped(Node, () => [everything], { when: movesTraffic }), every(lookMs)],
    async start() {
      writer = ruleWriter(overlayChains, run);
      told = "";
      await setSysctls(sysctls, { keptIn: `${stateDir}/sysctls.json`, run });
    },
    async reconcile(_key, context): Promise<Outcome> {
      const node = context.informers.of(Node).get(nodeName);
      const subnet = node?.spec?.podCIDR;
      if (!node || !subnet) return done;
      await writer.intact();
      await writer.write(overlayRules({ ...options, subnet }));
      const unreachable = await writeRoutes(options, context);
      told = tell(unreachable, { node, told, context });
      // Last: where the file is, a pod may start.
      await writeConflist(options, subnet);
      return done;
    },
  };
}

/** Takes away rules, routes, bridge, CNI configuration and taken addresses. Pods must be gone. */
export async function removeOverlay(options: Omit<OverlayOptions, "nodeName" | "podCidr">): Promise<void> {
  const { stateDir, run = runHere } = options;
  await Deno.remove(conflistPath(options)).catch(ifMissing);
  await removeRules(overlayChains, run);
  await removeHostPorts(run);
  for (const command of routeCommands(await ownRoutes(run), [])) await runChecked(run, ["ip", ...command]);
  const bridge = bridgeOf(options);
  const { code } = await run(["ip", "link", "show", bridge]);
  if (code === 0) await runChecked(run, ["ip", "link", "del", bridge]);
  await restoreSysctls({ keptIn: `${stateDir}/sysctls.json`, run });
  await Deno.remove(stateDir, { recursive: true }).catch(ifMissing);
}

/** A node's heartbeat doesn't. */
function movesTraffic({ type, object, old }: Change<INode>): boolean {
  const facts = (node?: Pick<INode, "spec" | "status">) => node && `${node.spec?.podCIDR} ${internalIp(node as INode)}`;
  return type !== "MODIFIED" || facts(object) !== facts(old);
}

async function writeRoutes(options: OverlayOptions, { informers }: LoopContext): Promise<readonly Unreachable[]> {
  const { nodeName, run = runHere } = options;
  const links = await hostLinks(run, bridgeOf(options));
  const { routes, unreachable } = planRoutes(informers.of(Node).list(), nodeName, links);
  for (const command of routeCommands(await ownRoutes(run), routes)) await runChecked(run, ["ip", ...command]);
  return unreachable;
}

/** An Event when what cannot be reached has changed. Returns what has been told. */
function tell(
  unreachable: readonly Unreachable[],
  { node, told, context }: { node: Stored<INode>; told: string; context: LoopContext },
): string {
  const message = unreachable.map(({ node, reason }) => `no route to the pods of node ${node}: ${reason}`).join("; ");
  if (message && message !== told) context.recorder.event(node, "Warning", "RouteNotPossible", message);
  return message;
}

async function writeConflist(options: OverlayOptions, subnet: string): Promise<void> {
  const path = conflistPath(options);
  const value = conflist({ bridge: bridgeOf(options), subnet, ipamDir: `${options.stateDir}/ipam` });
  const text = JSON.stringify(value, null, 2) + "\n";
  if (await Deno.readTextFile(path).catch(ifMissing) === text) return;
  await Deno.mkdir(confDirOf(options), { recursive: true });
  // Renamed into place: a plugin must never read half a file, nor a kubelet choose it.
  await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
  await Deno.rename(`${path}.new`, path);
}

function conflistPath(options: Pick<OverlayOptions, "cniConfDir">): string {
  return `${confDirOf(options)}/${conflistName}`;
}

function confDirOf({ cniConfDir = "/etc/cni/net.d" }: Pick<OverlayOptions, "cniConfDir">): string {
  return cniConfDir;
}

function bridgeOf({ bridge = "cni0" }: Pick<OverlayOptions, "bridge">): string {
  return bridge;
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
