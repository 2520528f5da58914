/** KubeSchedulerConfiguration: what it makes of the plugins, and what it is told when it is wrong. */
import assert from "node:assert/strict";
import { load } from "js-yaml";
import { defaultProfile, schedulerConfiguration } from "../../controllers/scheduler/configuration/configuration.ts";
import { placePod } from "../../controllers/scheduler/place_pod.ts";
import { refusalWords } from "../../controllers/scheduler/refusal_words.ts";
import { clusterOf, facts, node, type PodOptions, seeded } from "./sample.ts";

const configured = (text: string) =>
  schedulerConfiguration({
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    ...load(text) as object,
  });

const fault = (text: string) => {
  try {
    configured(text);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

const scoresOf = (text: string) => configured(text).profiles[0]!.scores.map(({ name, weight }) => `${name} ${weight}`);
const filtersOf = (text: string) => configured(text).profiles[0]!.filters.map(({ name }) => name);

/** Where a pod goes by the first profile. */
function placed(text: string, cluster: ReturnType<typeof clusterOf>, options?: PodOptions): string {
  const placement = placePod(facts("p", options), cluster, configured(text).profiles[0]!, { random: seeded(1) });
  return placement.type === "placed" ? placement.node : refusalWords(placement);
}

Deno.test("by default the plugins are upstream's, in its order and with its weights", () => {
  assert.deepEqual(defaultProfile.scores.map(({ name, weight }) => `${name} ${weight}`), [
    "TaintToleration 3",
    "NodeAffinity 2",
    "NodeResourcesFit 1",
    "PodTopologySpread 2",
    "InterPodAffinity 2",
    "NodeResourcesBalancedAllocation 1",
    "ImageLocality 1",
  ]);
  assert.equal(defaultProfile.filters.length, 13);
  assert.deepEqual(scoresOf("{}"), defaultProfile.scores.map(({ name, weight }) => `${name} ${weight}`));
});

Deno.test("a point's own set wins over multiPoint, and a star turns all defaults off", () => {
  assert.deepEqual(
    scoresOf("profiles: [{plugins: {score: {disabled: [{name: '*'}], enabled: [{name: ImageLocality, weight: 7}]}}}]"),
    ["ImageLocality 7"],
  );
  assert.equal(
    scoresOf("profiles: [{plugins: {multiPoint: {enabled: [{name: NodeResourcesFit, weight: 5}]}}}]")[2],
    "NodeResourcesFit 5",
  );
  const some = `
profiles:
- plugins:
    multiPoint:
      disabled: [{name: '*'}]
      enabled: [{name: PrioritySort}, {name: DefaultBinder}, {name: SchedulingGates}, {name: NodeName}, {name: NodePorts}]
    filter:
      disabled: [{name: NodePorts}]`;
  assert.deepEqual(filtersOf(some), ["NodeName"]);
  assert.deepEqual(scoresOf(some), []);
  assert.equal(configured(some).profiles[0]!.preemption, undefined);
  assert.deepEqual(configured(some).warnings, [
    'profile "default-scheduler": NodePorts is off for filter, and so for preFilter',
  ]);
});

Deno.test("a score strategy decides which node is best", () => {
  const cluster = clusterOf(node("empty"), node("half"));
  cluster.assume(facts("there", { requests: { cpu: "2", memory: "4Gi" } }), "half");
  const strategy = (text: string) =>
    `profiles: [{plugins: {score: {disabled: [{name: NodeResourcesBalancedAllocation}]}}, ` +
    `pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: ${text}}}]}]`;
  const requests = { cpu: "1", memory: "1Gi" };
  assert.equal(placed(strategy("{type: LeastAllocated}"), cluster, { requests }), "empty");
  assert.equal(placed(strategy("{type: MostAllocated}"), cluster, { requests }), "half");
  const shape = "shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]";
  const packed = `{type: RequestedToCapacityRatio, requestedToCapacityRatio: {${shape}}}`;
  assert.equal(placed(strategy(packed), cluster, { requests }), "half");
});

Deno.test("an affinity that a profile adds holds for every pod, and ignored resources hold none back", () => {
  const cluster = clusterOf(node("a"), node("b", { labels: { disk: "ssd" } }));
  const terms = "nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}]";
  const added = `profiles: [{pluginConfig: [{name: NodeAffinity, args: {addedAffinity: ` +
    `{requiredDuringSchedulingIgnoredDuringExecution: {${terms}}}}}]}]`;
  assert.equal(placed(added, cluster), "b");
  assert.equal(
    placed(added, clusterOf(node("a"))),
    "0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity.",
  );
  const requests = { "example.com/gpu": 1, "vendor.io/x": 1 };
  const ignoring = `profiles: [{pluginConfig: [{name: NodeResourcesFit, args: ` +
    `{ignoredResources: [example.com/gpu], ignoredResourceGroups: [vendor.io]}}]}]`;
  assert.equal(placed(ignoring, clusterOf(node("a")), { requests }), "a");
  assert.match(placed("{}", clusterOf(node("a")), { requests }), /Insufficient example.com\/gpu/);
});

Deno.test("a profile's own spread holds for pods of controllers that name none", () => {
  const cluster = clusterOf(node("a"), node("b"));
  cluster.assume(facts("one", { owner: "set" }), "a");
  const spread =
    `profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultingType: List, defaultConstraints: ` +
    `[{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule}]}}]}]`;
  cluster.setNode(node("b", { spec: { unschedulable: true } }));
  assert.equal(
    placed(spread, cluster, { owner: "set" }),
    "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable.",
  );
  assert.equal(placed(spread, cluster, { owner: "other" }), "a");
});

Deno.test("each profile has its name, its share of nodes and its back-off; what means nothing here is named", () => {
  const both = configured(`
percentageOfNodesToScore: 30
podMaxBackoffSeconds: 60
parallelism: 8
leaderElection: {leaderElect: false}
profiles: [{schedulerName: a, percentageOfNodesToScore: 70}, {schedulerName: b}]`);
  assert.deepEqual(both.profiles.map((each) => [each.schedulerName, each.percentageOfNodesToScore]), [["a", 70], [
    "b",
    30,
  ]]);
  assert.deepEqual(both.backOff, { firstMs: 50, baseMs: 1000, capMs: 60_000 });
  assert.deepEqual(both.warnings.map((warning) => warning.split(" ")[0]), ["parallelism", "leaderElection"]);
});

Deno.test("what is wrong in the file is refused in upstream's words", () => {
  const args = (plugin: string, text: string) => `profiles: [{pluginConfig: [{name: ${plugin}, args: ${text}}]}]`;
  const at = "profiles[0].pluginConfig[0].args";
  const faults: Record<string, string> = {
    "profile: []": 'strict decoding error: unknown field "profile"',
    "parallelism: 0": "parallelism: Invalid value: 0: should be an integer value greater than zero",
    "percentageOfNodesToScore: 101": "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
    "podInitialBackoffSeconds: 20":
      "podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds",
    "profiles: [{schedulerName: x}, {schedulerName: x}]": 'profiles[1].schedulerName: Duplicate value: "x"',
    "profiles: [{plugins: {score: {enabled: [{name: Foo}]}}}]": 'ScorePlugin "Foo" does not exist',
    "profiles: [{plugins: {score: {enabled: [{name: NodeName}]}}}]":
      'plugin "NodeName" does not extend ScorePlugin plugin',
    "profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]":
      'at least one bind plugin is needed for profile with scheduler name "default-scheduler"',
    "profiles: [{plugins: {preFilter: {disabled: [{name: NodePorts}]}}}]":
      'profile "default-scheduler": plugin NodePorts cannot be on for filter and off for preFilter',
    [args("NodeResourcesFit", "{scoringStrateg: {}}")]:
      'decoding .profiles[0].pluginConfig[0]: decoding args for plugin NodeResourcesFit: strict decoding error: unknown field "scoringStrateg"',
    [args("NodeResourcesFit", "{kind: InterPodAffinityArgs}")]:
      "decoding .profiles[0].pluginConfig[0]: args for plugin NodeResourcesFit were not of type NodeResourcesFitArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io",
    [args("NodeResourcesFit", "{scoringStrategy: {resources: [{name: cpu, weight: 101}]}}")]:
      `${at}.scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range [1, 100]`,
    [args("InterPodAffinity", "{hardPodAffinityWeight: -1}")]:
      `${at}.hardPodAffinityWeight: Invalid value: -1: not in valid range [0, 100]`,
    [args("VolumeBinding", "{bindTimeoutSeconds: -1}")]:
      `${at}.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value`,
    [args("PodTopologySpread", "{defaultingType: Lost}")]:
      `${at}.defaultingType: Unsupported value: "Lost": supported values: "System", "List"`,
    "extenders: [{urlPrefix: 'http://x', prioritizeVerb: p}]":
      "extenders[0].weight: Invalid value: 0: must have a positive weight applied to it",
    "extenders: [{urlPrefix: 'http://x', bindVerb: b}, {urlPrefix: 'http://x', bindVerb: b}]":
      'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    [args("DefaultPreemption", "{minCandidateNodesPercentage: 101}")]:
      `${at}.minCandidateNodesPercentage: Invalid value: 101: not in valid range [0, 100]`,
  };
  for (const [text, words] of Object.entries(faults)) assert.equal(fault(text), words, text);
});
