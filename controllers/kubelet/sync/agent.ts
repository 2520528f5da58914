/** What the steps of a sync share: the node's parts, put together once when the loop starts. */
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Informer, LoopContext } from "../../../runtime/loop/mod.ts";
import { type Key, keyOf, Pod as PodKind, Service } from "../../../runtime/schema/mod.ts";
import type { IService } from "kubernetes-models/v1/Service";
import { defaultConfiguration, type NodeConfiguration } from "../configuration/mod.ts";
import type { DeviceIds } from "../container/identity.ts";
import { type DeviceAmounts, DevicePlugins } from "../devices/device_plugins.ts";
import { ContainerMirror } from "../container/container_mirror.ts";
import { ImageAges } from "../images/image_ages.ts";
import { ImagePuller } from "../images/image_puller.ts";
import { ImageNames } from "../images/image_names.ts";
import { PulledRecords } from "../images/pulled_records.ts";
import type { PullPolicy } from "../images/pull_policy.ts";
import { PodNetwork } from "../network/pod_network.ts";
import { pluginRunner } from "../network/run_plugin.ts";
import { type NodeAmounts, nodeAmounts } from "../node/amounts.ts";
import { DraDrivers } from "../devices/dra/dra_drivers.ts";
import { PodClaims } from "../devices/dra/pod_claims.ts";
import { PreparedClaims } from "../devices/dra/prepared_claims.ts";
import { PodGroups } from "../groups/pod_groups.ts";
import { DiskMeter } from "../node/disk_meter.ts";
import type { Pressure } from "../node/eviction_watch.ts";
import { type MachineFacts, machineFacts } from "../node/machine.ts";
import { countedEngine } from "../node/counted_engine.ts";
import { Tally } from "../node/tally.ts";
import { UsageMeter } from "../node/usage.ts";
import { defaults, type KubeletOptions } from "../options.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import { Probes } from "../probes/probes.ts";
import { NodePods } from "../static/node_pods.ts";
import { StaticPods } from "../static/static_pods.ts";
import { CallContext } from "../volumes/csi/call_context.ts";
import { CsiDrivers } from "../volumes/csi/csi_drivers.ts";
import { CsiVolumes } from "../volumes/csi/csi_volumes.ts";
import { ObjectCache } from "../volumes/object_cache.ts";
import { MountError } from "../volumes/payload.ts";
import { type ImageSource, PodVolumes } from "../volumes/pod_volumes.ts";
import { TrustBundles } from "../volumes/trust_bundles.ts";
import { TokenCache } from "../volumes/token_cache.ts";
import { knownRoot } from "../volumes/csi/known_root.ts";
import { pullCredentials } from "./pull_secrets.ts";
import { PodMemories } from "./pod_memory.ts";

export interface Agent {
  readonly options: KubeletOptions;
  readonly context: LoopContext;
  /** What it has done. */
  readonly tally: Tally;
  readonly engine: Engine;
  readonly machine: MachineFacts;
  readonly configuration: NodeConfiguration;
  /** With what device plugins give, now. */
  readonly amounts: NodeAmounts;
  readonly devices: DevicePlugins;
  /** Devices of containers that are being made, by `POD-UID/CONTAINER`. */
  readonly chosenDevices: Map<string, DeviceIds>;
  readonly pods: NodePods;
  readonly services: Informer<IService>;
  readonly mirror: ContainerMirror;
  readonly memories: PodMemories;
  readonly objects: ObjectCache;
  readonly volumes: PodVolumes;
  readonly csiDrivers: CsiDrivers;
  readonly csi: CsiVolumes;
  readonly draDrivers: DraDrivers;
  readonly claims: PodClaims;
  readonly groups: PodGroups;
  readonly network: PodNetwork;
  readonly puller: ImagePuller;
  readonly imageNames: ImageNames;
  readonly imageAges: ImageAges;
  readonly probes: Probes;
  readonly usage: UsageMeter;
  readonly disks: DiskMeter;
  /** What the API server has bound to this node is known. Until then only static pods are. */
  apiSeen: boolean;
  /** The machine goes down: nothing new begins. */
  shuttingDown: boolean;
  /** Makes a pod due. Set by the loop's source. */
  enqueue: (key: Key) => void;
  /** Tells the API server at once what the Node's status says. Set when the loop starts. */
  reportNode: () => Promise<void>;
  /** What the node runs short of. Set when the loop starts. */
  pressure: () => Partial<Pressure>;
  /** Why the container engine can't be used; empty when it can. */
  engineProblem: string | undefined;
}

export function podFilter(nodeName: string): { fieldSelector: string } {
  return { fieldSelector: `spec.nodeName=${nodeName}` };
}

export async function createAgent(options: KubeletOptions, context: LoopContext): Promise<Agent> {
  const { rootDir = defaults.rootDir, cniConfDir = defaults.cniConfDir } = options;
  const { localVolumesDir = defaults.localVolumesDir } = options;
  const { client, clock, signal, informers } = context;
  const tally = new Tally();
  const engine = countedEngine(options.engine, tally, clock);
  await Deno.mkdir(`${rootDir}/pods`, { recursive: true, mode: 0o700 });
  const onChange = (key: Key) => agent.enqueue(key);
  const configuration = configurationOf(options);
  const machine = await machineFacts();
  const amounts = nodeAmounts(machine, configuration);
  const objects = new ObjectCache({ client, onChange });
  const tokens = new TokenCache(client, () => clock.now());
  const mirror = new ContainerMirror(engine);
  const csiDrivers = new CsiDrivers({ client, nodeName: options.nodeName, onRegistered: () => retryPending(agent) });
  const draDrivers = new DraDrivers({
    ...{ client, nodeName: options.nodeName, after: (ms, run) => clock.after(ms, run) },
    onRegistered: () => retryPending(agent),
    onError: (driver, error) => context.log.warn("the slices of a driver that is gone stay", { driver, error }),
  });
  const csi = new CsiVolumes({
    rootDir: await knownRoot(rootDir, options.wellKnownDir),
    nodeName: options.nodeName,
    drivers: csiDrivers,
    objects,
    context: new CallContext(objects, tokens),
    now: () => clock.now(),
    onUse: () => agent.reportNode(),
  });
  const volumes = new PodVolumes({
    imageLayers: (pod, source) => imageLayers(agent, pod, source),
    podsDir: `${rootDir}/pods`,
    localVolumesDir,
    objects,
    tokens,
    trust: new TrustBundles({ client, informers, onChange }),
    csi,
    now: () => clock.now(),
  });
  const agent: Agent = {
    options,
    context,
    tally,
    engine,
    machine,
    configuration,
    get amounts() {
      return withDevices(amounts, this.devices.amounts());
    },
    devices: new DevicePlugins({
      folder: `${rootDir}/device-plugins`,
      record: `${rootDir}/device_resources.json`,
      onChange: () => devicesChanged(agent),
      onError: (resource, error) => context.log.warn("a device plugin is gone", { resource, error }),
    }),
    chosenDevices: new Map(),
    pods: new NodePods(informers.of(PodKind, podFilter(options.nodeName)), new StaticPods()),
    apiSeen: false,
    shuttingDown: false,
    services: informers.of(Service),
    mirror,
    memories: new PodMemories(),
    objects,
    csiDrivers,
    csi,
    volumes,
    disks: new DiskMeter({ engine, clock, mirror, volumes, pods: () => agent.pods.list() as Pod[] }),
    draDrivers,
    claims: new PodClaims({ client, drivers: draDrivers, prepared: new PreparedClaims(`${rootDir}/claims.json`) }),
    groups: new PodGroups({
      ...{ engine, machine, configuration },
      pods: () => agent.pods.list() as readonly Pod[],
      onLoose: (error) => looseAllocatable(agent, error),
    }),
    network: new PodNetwork({
      stateDir: `${rootDir}/network`,
      confDir: cniConfDir,
      run: pluginRunner(options.cniBinDirs ?? defaults.cniBinDirs),
    }),
    puller: new ImagePuller({
      ...{ engine, clock, signal, onChange, atOnce: pullsAtOnce(configuration) },
      records: new PulledRecords(`${rootDir}/image_manager`, configuration),
    }),
    imageNames: new ImageNames(engine),
    imageAges: new ImageAges(),
    usage: new UsageMeter(mirror, clock),
    probes: new Probes({ engine, clock, random: context.random, onChange, recorder: context.recorder }),
    enqueue: () => {},
    reportNode: () => Promise.resolve(),
    pressure: () => ({}),
    engineProblem: "container runtime is not checked yet",
  };
  return agent;
}

/** Pods ask the cluster's name servers unless the file names others. */
function configurationOf({ configuration: read, clusterDns = defaults.clusterDns }: KubeletOptions): NodeConfiguration {
  const { configuration } = read ?? { configuration: defaultConfiguration };
  return { ...configuration, clusterDNS: configuration.clusterDNS ?? [...clusterDns] };
}

function pullsAtOnce({ serializeImagePulls, maxParallelImagePulls = Infinity }: NodeConfiguration): number {
  return serializeImagePulls ? 1 : maxParallelImagePulls;
}

function withDevices(amounts: NodeAmounts, { capacity, allocatable }: DeviceAmounts): NodeAmounts {
  return {
    capacity: { ...amounts.capacity, ...capacity },
    allocatable: { ...amounts.allocatable, ...allocatable },
  };
}

function looseAllocatable({ options: { nodeName }, context }: Agent, error: unknown): void {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, uid: nodeName } };
  const message = `Failed to update Node Allocatable Limits: ${error instanceof Error ? error.message : error}`;
  context.recorder.event(node, "Warning", "FailedNodeAllocatableEnforcement", message);
}

function devicesChanged(agent: Agent): void {
  void agent.reportNode();
  retryPending(agent);
}

/** What was missing may be there now. */
function retryPending(agent: Agent): void {
  for (const pod of agent.pods.list()) if (pod.status?.phase !== "Running") agent.enqueue(keyOf(pod));
}

async function imageLayers(agent: Agent, pod: Pod, { reference = "", pullPolicy }: ImageSource) {
  const answer = await agent.puller.ensure({
    image: reference,
    policy: pullPolicy as PullPolicy | undefined,
    pod: keyOf(pod),
    credentials: await pullCredentials(agent, pod, reference),
    report: (type, reason, message) => agent.context.recorder.event(pod, type, reason, message),
  });
  if (answer.type === "waiting") throw new MountError(answer.message ?? `image "${reference}" is being pulled`);
  return await agent.engine.imageLayers(reference);
}

export function hostIpsOf({ options }: Agent): string[] {
  return [options.nodeIp];
}

/** The addresses of a pod whose sandbox runs and is wired; else empty. */
export async function podIpsOf(agent: Agent, pod: Pod, sandboxId: string | undefined): Promise<readonly string[]> {
  if (sandboxId === undefined) return [];
  if (specOf(pod).hostNetwork) return hostIpsOf(agent);
  return await agent.network.addresses(sandboxId) ?? [];
}
