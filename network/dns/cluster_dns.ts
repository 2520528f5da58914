/**
 * Cluster DNS: every node answers, from the informers' copies, on its own InternalIP; Service `kube-dns` and the proxy lead
 * the pods of a node to it.
 *
 * It isn't a resolver: names outside the cluster's domain go to the machine's own resolvers.
 */
import {
  applyWrites,
  type Controller,
  creating,
  deleting,
  done,
  everything,
  type LoopContext,
  mapped,
  type Outcome,
  reads,
  sameJson,
  updating,
} from "../../runtime/loop/mod.ts";
import { EndpointSlice, Namespace, Node, Service, type Stored } from "../../runtime/schema/mod.ts";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import { answer } from "./answer.ts";
import { mayAsk } from "./askers.ts";
import { clusterNames } from "./cluster_names.ts";
import { dnsClusterIp, dnsService, dnsSlice, goneSlices, namespace, serviceName } from "./dns_service.ts";
import { nameServers } from "./forward.ts";
import { type DnsServer, serveDns } from "./server.ts";

export interface ClusterDnsOptions {
  readonly nodeName: string;
  readonly serviceCidr: string;
  /** Default `cluster.local`. */
  readonly domain?: string;
  /** On the node's InternalIP, UDP and TCP. Default 10053. */
  readonly port?: number;
  /** The machine's resolvers. Default `/etc/resolv.conf`. */
  readonly resolvConf?: string;
}

/** For each of the machine's resolvers. */
const upstreamTimeoutMs = 2_000;

interface Listening {
  readonly address: string;
  readonly server: DnsServer;
}

export function clusterDns(options: ClusterDnsOptions): Controller {
  const { nodeName, serviceCidr } = options;
  const clusterIp = dnsClusterIp(serviceCidr);
  let listening: Listening | undefined;
  return {
    name: "dns",
    leaderOnly: false,
    // One socket, one writer.
    workers: 1,
    sources: [
      mapped(Node, () => [everything], {
        when: ({ type, object, old }) => type !== "MODIFIED" || internalIp(object) !== internalIp(old),
      }),
      mapped(Service, () => [everything], { when: ({ key }) => key === `${namespace}/${serviceName}` }),
      mapped(EndpointSlice, () => [everything], {
        when: ({ key }) => key.startsWith(`${namespace}/${serviceName}-`),
      }),
      reads(Namespace),
    ],
    async reconcile(_key, context): Promise<Outcome> {
      const node = context.informers.of(Node).get(nodeName);
      const address = internalIp(node);
      if (!node || !address) return done;
      if (listening?.address !== address) {
        await listening?.server[Symbol.asyncDispose]();
        listening = undefined;
        listening = { address, server: await listen(address, { options, context, clusterIp }) };
      }
      await ensureService(clusterIp, context);
      await ensureSlices(dnsSlice({ node, address, port: listening.server.port }), context);
      return done;
    },
    async stop() {
      await listening?.server[Symbol.asyncDispose]();
      listening = undefined;
    },
  };
}

function internalIp(node?: { status?: { addresses?: readonly { type: string; address: string }[] } }) {
  return node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
}

function listen(
  hostname: string,
  { options, context, clusterIp }: { options: ClusterDnsOptions; context: LoopContext; clusterIp: string },
): Promise<DnsServer> {
  const { domain = "cluster.local", port = 10053, resolvConf = "/etc/resolv.conf" } = options;
  const zone = { domain, names: clusterNames(context.informers) };
  const upstream = async () => nameServers(await Deno.readTextFile(resolvConf).catch(() => ""), [clusterIp]);
  const answering = { zone, upstream, random: context.random, timeoutMs: upstreamTimeoutMs };
  const nodes = context.informers.of(Node);
  const machine = () => Deno.networkInterfaces().map((device) => device.address);
  return serveDns({
    hostname,
    port,
    accepts: (address) => mayAsk(address, { self: nodes.get(options.nodeName), nodes: nodes.list(), machine }),
    answer: (query, transport) =>
      answer(query, transport, answering).catch((error) => {
        context.log.error("could not answer a DNS query", { error });
        return undefined;
      }),
  });
}

/**
 * Only what matters to pods is put right; labels and annotations are whoever's. Pods ask at the fixed address, and an
 * address cannot be changed: a Service with another one is made anew. One with a selector is somebody's own DNS.
 */
async function ensureService(clusterIp: string, context: LoopContext): Promise<void> {
  const present = context.informers.of(Service).get(`${namespace}/${serviceName}`);
  if (present?.spec?.selector || present?.spec?.clusterIP === clusterIp) return;
  if (present) {
    const preconditions = { uid: present.metadata.uid };
    await applyWrites([deleting(Service, { namespace, name: serviceName }, { preconditions })], context);
  }
  await applyWrites([creating(Service, dnsService(clusterIp))], context);
}

async function ensureSlices(slice: IEndpointSlice, context: LoopContext): Promise<void> {
  const { informers } = context;
  const nodes = informers.of(Node);
  const slices = informers.of(EndpointSlice);
  const present = slices.get(`${namespace}/${slice.metadata?.name}`);
  const gone = goneSlices(slices.list(namespace), (name) => nodes.get(name) !== undefined);
  await applyWrites([
    ...(present ? repair(present, slice) : [creating(EndpointSlice, slice)]),
    ...gone.map(({ metadata }) => deleting(EndpointSlice, { namespace, name: metadata.name })),
  ], context);
}

function repair(present: Stored<IEndpointSlice>, wanted: IEndpointSlice) {
  const facts = ({ endpoints, ports }: Pick<IEndpointSlice, "endpoints" | "ports">) => ({ endpoints, ports });
  const labelled = Object.entries(wanted.metadata?.labels ?? {})
    .every(([label, value]) => present.metadata.labels?.[label] === value);
  if (labelled && sameJson(facts(present), facts(wanted))) return [];
  const metadata = { ...wanted.metadata, resourceVersion: present.metadata.resourceVersion };
  return [updating(EndpointSlice, { ...wanted, metadata })];
}
