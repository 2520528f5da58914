/**
 * Keeps the Node and its Lease: registers it, renews the Lease four times in its life, and writes the status when it changes,
 * or every five minutes so that its heartbeat is seen. The times are the configuration's.
 */
import type { INode } from "kubernetes-models/v1/Node";
import { sameJson, sleep } from "../../../runtime/loop/mod.ts";
import { isReason, type Json, Lease, Node, type Stored } from "../../../runtime/schema/mod.ts";
import { readNetworkConfig } from "../network/network_config.ts";
import { defaults } from "../options.ts";
import type { Agent } from "../sync/agent.ts";
import { nodeObject, type NodeStatus, nodeStatus } from "./node_object.ts";
import { msOf } from "../configuration/mod.ts";
import type { Pressure } from "./eviction_watch.ts";
import { RoomMaker } from "./room_maker.ts";

const leaseNamespace = "kube-node-lease";

export class NodeReporter {
  #reported?: { readonly status: NodeStatus; readonly at: number };
  readonly #room: RoomMaker;
  #busy: Promise<void> = Promise.resolve();

  constructor(readonly agent: Agent, readonly serverPort: () => number) {
    this.#room = new RoomMaker(agent);
  }

  get pressure(): Pressure {
    return this.#room.pressure;
  }

  /** Registers, then goes on until the loop's signal aborts. */
  async start(): Promise<void> {
    const { nodeStatusUpdateFrequency, nodeLeaseDurationSeconds } = this.agent.configuration;
    await this.#again(msOf(nodeStatusUpdateFrequency), () => this.#beat());
    await this.#again(nodeLeaseDurationSeconds * 1000 / 4, () => this.#renewLease());
  }

  /** Now, and each time so long after it was done. What fails is told and tried again. */
  #again(ms: number, work: () => Promise<void>): Promise<void> {
    const { clock, signal } = this.agent.context;
    const attempt = () => work().catch((error) => this.#failed(error));
    const first = attempt();
    const goOn = async () => {
      await first;
      for (await sleep(clock, ms, signal); !signal.aborted; await sleep(clock, ms, signal)) await attempt();
    };
    void goOn();
    return first;
  }

  /** Something that the status tells has changed. */
  now(): Promise<void> {
    this.#busy = this.#busy.then(() => this.#report()).catch((error) => this.#failed(error));
    return this.#busy;
  }

  /** Room is made beside it: the Node's word doesn't wait for a disk to be measured. */
  async #beat(): Promise<void> {
    this.#room.make().catch((error) => this.agent.context.log.warn("no room could be made", { error }));
    await this.now();
  }

  #failed(error: unknown): void {
    if (!this.agent.context.signal.aborted) this.agent.context.log.warn("node could not be reported", { error });
  }

  async #report(): Promise<void> {
    const { agent } = this;
    const { client, clock } = agent.context;
    const node = await this.#register();
    const status = await this.#status(node.status);
    const at = clock.now();
    const heartbeatMs = msOf(agent.configuration.nodeStatusReportFrequency);
    const fresh = this.#reported !== undefined && at - this.#reported.at < heartbeatMs;
    if (fresh && sameJson(withoutHeartbeats(this.#reported!.status), withoutHeartbeats(status))) return;
    const body = JSON.parse(JSON.stringify({ status })) as Json;
    await client.patch(Node, { name: agent.options.nodeName }, { type: "strategic", body }, { subresource: "status" });
    this.#reported = { status, at };
  }

  /** Creates the Node when it isn't there (any more), and mends the labels and annotations that are ours. */
  async #register(): Promise<Stored<INode>> {
    const { client } = this.agent.context;
    const wanted = nodeObject(this.agent);
    const ref = { name: this.agent.options.nodeName };
    const present = await client.get(Node, ref);
    if (!present) return await create();
    const { labels = {}, annotations = {} } = wanted.metadata ?? {};
    if (holds(present.metadata.labels, labels) && holds(present.metadata.annotations, annotations)) return present;
    return await client.patch(Node, ref, { type: "merge", body: { metadata: { labels, annotations } } });

    async function create(): Promise<Stored<INode>> {
      try {
        return await client.create(Node, wanted);
      } catch (error) {
        const found = isReason(error, "AlreadyExists") ? await client.get(Node, ref) : undefined;
        if (found) return found;
        throw error;
      }
    }
  }

  async #status(before: NodeStatus | undefined): Promise<NodeStatus> {
    const { agent } = this;
    const problems = await problemsOf(agent);
    const engineWorks = agent.engineProblem === undefined;
    const now = agent.context.clock.now();
    const images = engineWorks ? await agent.engine.images() : [];
    if (engineWorks) agent.imageAges.note(images, now);
    return nodeStatus({
      options: agent.options,
      machine: agent.machine,
      configuration: agent.configuration,
      amounts: agent.amounts,
      engine: engineWorks ? await agent.engine.info() : undefined,
      images,
      serverPort: this.serverPort(),
      problems,
      pressure: this.#room.pressure,
      groupsProblem: agent.groups.problem,
      volumesInUse: await agent.csi.inUse(),
      before,
      now,
    });
  }

  async #renewLease(): Promise<void> {
    const { options: { nodeName: name }, configuration, context: { client, clock } } = this.agent;
    const renewTime = `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`;
    const spec = { holderIdentity: name, leaseDurationSeconds: configuration.nodeLeaseDurationSeconds, renewTime };
    try {
      await client.patch(Lease, { namespace: leaseNamespace, name }, { type: "merge", body: { spec } });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
      const metadata = { namespace: leaseNamespace, name };
      await client.create(Lease, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
    }
  }
}

function holds(present: Record<string, string> = {}, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([name, value]) => present[name] === value);
}

/** Why the node can't run pods; the words of upstream's kubelet where it has some. */
async function problemsOf({ engineProblem, shuttingDown, options }: Agent): Promise<string[]> {
  const problems: string[] = shuttingDown ? ["node is shutting down"] : [];
  if (engineProblem !== undefined) problems.push(`container runtime is down: ${engineProblem}`);
  try {
    const list = await readNetworkConfig(options.cniConfDir ?? defaults.cniConfDir);
    if (!list) {
      problems.push(
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
      );
    }
  } catch (error) {
    problems.push(`container runtime network not ready: ${error instanceof Error ? error.message : error}`);
  }
  return problems;
}

function withoutHeartbeats(status: NodeStatus): object {
  return { ...status, conditions: status.conditions?.map(({ lastHeartbeatTime: _, ...one }) => one) };
}
