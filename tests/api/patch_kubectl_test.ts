/** kubectl's three-way apply, by both ages of kubectl, against a real API server: the patches are the ones that they send. */
import assert from "node:assert/strict";
import { dump } from "js-yaml";
import { Deployment, type KubeObject } from "../../runtime/schema/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { testWithKubectls } from "../support/kubectl.ts";
import { kubectlSession } from "../support/kubectl_session.ts";

type Fields = Record<string, unknown>;

const container = (name: string, more: Fields = {}): Fields => ({ name, image: `${name}:1`, ...more });

function manifest(spec: Fields, template: Fields): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", labels: { app: "web" } },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: template },
      ...spec,
    },
  };
}

const env = (...pairs: string[]) => pairs.map((name) => ({ name, value: name.toLowerCase() }));

/** Each step away from the one before needs another kind of patch: merge, delete, order, retain, replace. */
const steps: KubeObject[] = [
  manifest({ replicas: 3 }, {
    containers: [container("a", { env: env("A", "B"), ports: [{ containerPort: 80 }] }), container("b")],
    volumes: [{ name: "v", emptyDir: {} }],
  }),
  manifest({ replicas: 4 }, {
    containers: [container("b", { args: ["x"] }), container("a", { env: env("C", "B") })],
    volumes: [{ name: "v", hostPath: { path: "/x" } }],
  }),
  manifest({ strategy: { type: "Recreate" } }, {
    containers: [container("c", { command: ["y"] }), container("b", { args: ["z", "x"] })],
    nodeSelector: { disk: "ssd" },
    tolerations: [{ key: "k", operator: "Exists" }],
  }),
  manifest({ replicas: 1 }, { containers: [container("b")], nodeSelector: { zone: "1" } }),
];

/** Everything that the manifest says is so; lists have its length and order. */
function assertHolds(actual: unknown, wanted: unknown, path = ""): void {
  if (typeof wanted !== "object" || wanted === null) return assert.deepEqual(actual, wanted, path);
  if (Array.isArray(wanted)) assert.equal((actual as unknown[] | undefined)?.length, wanted.length, path);
  for (const [key, value] of Object.entries(wanted)) assertHolds((actual as Fields)?.[key], value, `${path}.${key}`);
}

async function applySteps(kubectl: string): Promise<void> {
  await using server = await apiServer();
  await using session = await kubectlSession(kubectl, server);
  const apply = (object: KubeObject) => session.run(["apply", "-f", "-"], { stdin: dump(object) });
  const web = () => server.client.get(Deployment, { namespace: "default", name: "web" });
  for (const step of steps) {
    await apply(step);
    assertHolds(await web(), step);
    const { stdout } = await apply(step);
    assert.match(stdout, /unchanged/);
  }
  const { tolerations, nodeSelector } = (await web())!.spec!.template.spec!;
  assert.deepEqual([tolerations, nodeSelector], [undefined, { zone: "1" }]);
}

await testWithKubectls((whose) => `what ${whose} applies is so, and applying it again changes nothing`, applySteps);
