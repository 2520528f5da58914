/** What kube-apiserver v1.36.3 answered to these objects, word for word. */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld } from "../api/api_world.ts";

const base = "/api/v1/namespaces/default";
const classes = "/apis/scheduling.k8s.io/v1/priorityclasses";

/** Path, object, and what was said. */
type Fact = readonly [path: string, object: object, code: number, message: string];

const pod = (spec: object, metadata: object = {}) => ({
  metadata: { name: "p", ...metadata },
  spec: { containers: [{ name: "c", image: "i" }], ...spec },
});
const range = (limit: object) => ({ metadata: { name: "x" }, spec: { limits: [limit] } });
const quota = (spec: object) => ({ metadata: { name: "x" }, spec });

const facts: readonly Fact[] = [
  [
    `${base}/limitranges`,
    range({ type: "Container", min: { cpu: "2" }, max: { cpu: "1" } }),
    422,
    'LimitRange "x" is invalid: [spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1, ' +
    'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1, ' +
    'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1]',
  ],
  [
    `${base}/limitranges`,
    range({ type: "Container", default: { cpu: "2" }, max: { cpu: "1" } }),
    422,
    'LimitRange "x" is invalid: [spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is ' +
    'greater than max value 1, spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1]',
  ],
  [
    `${base}/limitranges`,
    range({ type: "Pod", default: { cpu: "1" } }),
    422,
    "LimitRange \"x\" is invalid: spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
  ],
  [
    `${base}/limitranges`,
    range({ type: "PersistentVolumeClaim" }),
    422,
    'LimitRange "x" is invalid: spec.limits[0].limits: Required value: either minimum or maximum storage value is ' +
    "required, but neither was provided",
  ],
  [
    `${base}/limitranges`,
    range({ type: "Foo", max: { cpu: "1" } }),
    422,
    'LimitRange "x" is invalid: spec.limits[0].type: Invalid value: "Foo": must be a standard limit type or fully qualified',
  ],
  [
    `${base}/limitranges`,
    range({ type: "Container", maxLimitRequestRatio: { cpu: "500m" } }),
    422,
    'LimitRange "x" is invalid: spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
  ],
  [
    `${base}/limitranges`,
    range({ type: "Container", min: { cpu: "1" }, max: { cpu: "2" }, maxLimitRequestRatio: { cpu: "5" } }),
    422,
    'LimitRange "x" is invalid: spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "5": ratio 5 is greater than ' +
    "max/min = 2.000000",
  ],
  [
    `${base}/resourcequotas`,
    quota({ hard: { foo: "1" } }),
    422,
    'ResourceQuota "x" is invalid: [spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully ' +
    'qualified, spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota]',
  ],
  [
    `${base}/resourcequotas`,
    quota({ hard: { "requests.cpu": "1" }, scopes: ["BestEffort", "Foo"] }),
    422,
    'ResourceQuota "x" is invalid: [spec.scopes: Invalid value: ["BestEffort","Foo"]: unsupported scope applied to ' +
    'resource, spec.scopes: Invalid value: ["BestEffort","Foo"]: unsupported scope]',
  ],
  [
    `${base}/resourcequotas`,
    quota({ hard: { pods: "1" }, scopes: ["BestEffort", "NotBestEffort"] }),
    422,
    'ResourceQuota "x" is invalid: spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
  ],
  [
    `${base}/resourcequotas`,
    quota({
      hard: { pods: "1" },
      scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In" }] },
    }),
    422,
    'ResourceQuota "x" is invalid: spec.scopeSelector.matchExpressions.values: Required value: must be at least one value ' +
    "when `operator` is 'In' or 'NotIn' for scope selector",
  ],
  [
    `${base}/pods`,
    pod({ preemptionPolicy: "Never" }),
    403,
    'pods "p" is forbidden: the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority ' +
    "admission controller computed PreemptLowerPriority from the given PriorityClass name",
  ],
  [
    `${base}/pods`,
    pod({}, { annotations: { "kubernetes.io/config.mirror": "x" } }),
    422,
    'Pod "p" is invalid: metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if ' +
    "mirror pod annotation is set",
  ],
  [
    classes,
    { metadata: { name: "system-x" }, value: 1 },
    422,
    "PriorityClass.scheduling.k8s.io \"system-x\" is invalid: metadata.name: Forbidden: priority class names with 'system-' " +
    "prefix are reserved for system use only. error: system-x is not a known system priority class",
  ],
  [
    classes,
    { metadata: { name: "another" }, value: 1, globalDefault: true },
    403,
    'priorityclasses.scheduling.k8s.io "another" is forbidden: PriorityClass first is already marked as default. Only one ' +
    "default can exist",
  ],
];

const flows = "/apis/flowcontrol.apiserver.k8s.io/v1";
const services = "/apis/apiregistration.k8s.io/v1/apiservices";
const everywhere = { verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"] };

function flowSchema(spec: object, rule: object = {}) {
  const subjects = [{ kind: "User", user: { name: "a" } }];
  const rules = [{ subjects, resourceRules: [everywhere], ...rule }];
  return { metadata: { name: "x" }, spec: { priorityLevelConfiguration: { name: "global-default" }, rules, ...spec } };
}

function level(spec: object) {
  return { metadata: { name: "x" }, spec: { type: "Limited", ...spec } };
}

/** What stands behind `is invalid: `. */
const invalid: readonly (readonly [path: string, object: object, message: string])[] = [
  [
    `${flows}/flowschemas`,
    flowSchema({ matchingPrecedence: 1 }),
    "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
  ],
  [
    `${flows}/flowschemas`,
    flowSchema({}, { resourceRules: [{ ...everywhere, verbs: ["foo"] }] }),
    'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["foo"]: supported values: "create", "delete", ' +
    '"deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
  ],
  [
    `${flows}/flowschemas`,
    flowSchema({}, { nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["x", "/a/*/b", "/a b", "//", "/a/*"] }] }),
    '[spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash, ' +
    'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a/*/b": wildcard can only do suffix matching, ' +
    'spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space, ' +
    'spec.rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "//": must not contain double slash]',
  ],
  [
    `${flows}/prioritylevelconfigurations`,
    level({ type: "Exempt" }),
    "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
  ],
  [
    `${flows}/prioritylevelconfigurations`,
    level({ limited: { limitResponse: { type: "Queue", queuing: { queues: 10_000_001, handSize: 100 } } } }),
    "[spec.limited.limitResponse.queuing.queues: Invalid value: 10000001: must not be greater than 10000000, " +
    "spec.limited.limitResponse.queuing.handSize: Invalid value: 100: required entropy bits of deckSize 10000001 and " +
    "handSize 100 should not be greater than 60]",
  ],
  [
    services,
    {
      metadata: { name: "bad" },
      spec: { group: "a.b", version: "v1", groupPriorityMinimum: 30000, versionPriority: 0 },
    },
    '[metadata.name: Invalid value: "bad": must be `spec.version+"."+spec.group`: "v1.a.b", spec.groupPriorityMinimum: ' +
    "Invalid value: 30000: must be positive and less than 20000, spec.versionPriority: Invalid value: 0: must be positive " +
    "and less than 1000]",
  ],
  [
    services,
    {
      metadata: { name: "v1.a.b" },
      spec: {
        ...{ group: "a.b", version: "v1", groupPriorityMinimum: 10, versionPriority: 10 },
        ...{ service: { name: "a", namespace: "b", port: 0 }, insecureSkipTLSVerify: true, caBundle: btoa("x") },
      },
    },
    "[spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive, " +
    "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present]",
  ],
];

Deno.test("what steers flows and APIs is checked as kube-apiserver checks it", async () => {
  await using world = await apiWorld();
  for (const [path, object, message] of invalid) {
    const { status, body } = await world.call("POST", `${path}?dryRun=All`, object);
    assert.deepEqual([status, String(body.message).replace(/^.*? is invalid: /, "")], [422, message]);
  }
});

async function prepared(): Promise<ApiWorld> {
  const world = await apiWorld();
  await world.call("POST", `${base}/serviceaccounts`, { metadata: { name: "default" } });
  await world.call("POST", classes, { metadata: { name: "first" }, value: 1, globalDefault: true });
  return world;
}

Deno.test("objects are refused in the words of kube-apiserver", async () => {
  await using world = await prepared();
  for (const [path, object, code, message] of facts) {
    const { status, body } = await world.call("POST", `${path}?dryRun=All`, object);
    assert.deepEqual([status, body.message], [code, message]);
  }
});

Deno.test("the class of a pod follows from what admission made of it", async () => {
  await using world = await prepared();
  await world.call("POST", `${base}/limitranges`, range({ type: "Container", default: { cpu: "1", memory: "1Gi" } }));
  const { body } = await world.call("POST", `${base}/pods`, pod({}));
  assert.equal(body.status.qosClass, "Guaranteed");
});
