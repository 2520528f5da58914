/** Preemptions beside those of kube-scheduler v1.36, where its program is in PATH. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Client } from "../../runtime/loop/mod.ts";
import { kind, type KubeObject, Node, Pod } from "../../runtime/schema/mod.ts";
import { defaultProfile } from "../../controllers/scheduler/configuration/configuration.ts";
import { placePod } from "../../controllers/scheduler/place_pod.ts";
import { findCandidates, leastHarmful } from "../../controllers/scheduler/preemption.ts";
import { type PodFacts, podFacts } from "../../controllers/scheduler/pod_facts.ts";
import { apiServer } from "../support/api_server.ts";
import { clusterOf, seeded } from "./sample.ts";
import { addNode, decided, ensureAccount, namespace, program, runUpstream, seed } from "./upstream.ts";

const priorityClasses = kind<KubeObject & { value: number }>(
  "scheduling.k8s.io/v1",
  "PriorityClass",
  "priorityclasses",
  false,
);

/** A pod with a priority on nodes that are full; what upstream makes of it. */
interface Preempted {
  readonly node: string;
  readonly victims: readonly string[];
}

/** When upstream has told its choice and deleted who must go; undefined: it makes no room. */
async function preemptedFor(client: Client, name: string, going: number): Promise<Preempted | undefined> {
  const pod = await decided(client, name);
  if (!pod.status?.nominatedNodeName) return undefined;
  const victims = new Set<string>();
  for await (const event of client.watch(Pod, { namespace, signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "BOOKMARK") continue;
    const { metadata } = event.object;
    if (metadata.deletionTimestamp || event.type === "DELETED") victims.add(metadata.name);
    if (victims.size === going) break;
  }
  return { node: pod.status.nominatedNodeName, victims: [...victims].sort() };
}

Deno.test({
  name: "kube-scheduler takes the pods from a node that we would take, where the harm is as small as where we would",
  ignore: program === undefined, // kube-scheduler is not in PATH
  async fn() {
    await using server = await apiServer();
    const { client } = server;
    await ensureAccount(client);
    for (const priority of [0, 1, 2, 3, 4]) {
      const metadata = { name: `p${priority}` };
      const value = priority * 100;
      await client.create(priorityClasses, {
        apiVersion: "scheduling.k8s.io/v1",
        kind: "PriorityClass",
        metadata,
        value,
      });
    }
    const roomy = {
      zone: undefined,
      disk: "fast",
      memory: "8Gi",
      unschedulable: false,
      image: false,
      rank: 1,
    } as const;
    const names = ["n0", "n1", "n2", "n3"];
    for (const name of names) {
      await addNode(client, name, { ...roomy, cpu: "4", gpu: undefined, taint: undefined });
    }
    const cluster = clusterOf(...(await client.list(Node)).items);
    await using _scheduler = await runUpstream(server);
    const arrivals = fc.sample(
      fc.record({ cpu: fc.constantFrom("500m", "1", "2", "3"), priority: fc.nat(4), app: fc.constantFrom("x", "y") }),
      { numRuns: 40, seed },
    );
    for (const [n, { cpu, priority, app }] of arrivals.entries()) {
      const name = `p${n}`;
      const containers = [{ name: "c", image: "a", resources: { requests: { cpu } } }];
      const spec = { containers, priorityClassName: `p${priority}`, terminationGracePeriodSeconds: 0 };
      const metadata = { name, namespace, labels: { app } };
      const facts = podFacts(await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec }));
      const placement = placePod(facts, cluster, defaultProfile, { random: seeded(n) });
      if (placement.type === "placed") {
        await start(client, name, n);
        cluster.place({ ...facts, started: startOf(n) }, (await decided(client, name)).spec!.nodeName!);
        continue;
      }
      const found = findCandidates({ pod: facts, cluster, profile: defaultProfile, budgets: [] }, placement, {
        from: 0,
      });
      assert.ok("candidates" in found);
      const best = leastHarmful(found.candidates, found);
      const told = await preemptedFor(client, name, best.type === "victims" ? best.victims.length : 0);
      if (best.type !== "victims") {
        assert.equal(told, undefined, name);
        await client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 });
        continue;
      }
      const theirs = found.candidates.find(({ node }) => node.name === told?.node);
      assert.ok(theirs, `${name}: upstream chose ${told?.node}`);
      const nameOf = ({ key }: PodFacts) => key.slice(namespace.length + 1);
      assert.deepEqual(told!.victims, theirs.pods.map(nameOf).sort(), name);
      const harm = (pods: readonly PodFacts[]) => pods.map(({ priority }) => priority).sort((a, b) => b - a);
      assert.deepEqual(harm(theirs.pods), harm(best.victims), `${name}: upstream chose ${told?.node}, we ${best.node}`);
      for (const victim of theirs.pods) {
        await client.delete(Pod, { namespace, name: nameOf(victim) }, { gracePeriodSeconds: 0 }).catch(() => {});
        cluster.remove(victim.uid);
      }
      const bound = await bindingOf(client, name);
      await start(client, name, n);
      cluster.place({ ...facts, started: startOf(n) }, bound);
    }
  },
});

const startOf = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString().slice(0, 19) + "Z";

/** As its kubelet would: among equals who has run for longer stays. */
async function start(client: Client, name: string, n: number): Promise<void> {
  await bindingOf(client, name);
  const body = { status: { phase: "Running", startTime: startOf(n) } };
  await client.patch(Pod, { namespace, name }, { type: "merge", body }, { subresource: "status" });
}

async function bindingOf(client: Client, name: string): Promise<string> {
  const options = { namespace, fieldSelector: `metadata.name=${name}`, signal: AbortSignal.timeout(60_000) };
  for await (const event of client.watch(Pod, options)) {
    if (event.type !== "BOOKMARK" && event.object.spec?.nodeName) return event.object.spec.nodeName;
  }
  throw new Error(`${name} was not bound`);
}
