/** What each age of kubectl makes of the documents: discovery, explain, validation, server-side apply. */
import assert from "node:assert/strict";
import { apiServer } from "../support/api_server.ts";
import { testWithKubectls } from "../support/kubectl.ts";
import { type KubectlSession, kubectlSession } from "../support/kubectl_session.ts";

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", shortNames: ["wd"] },
    versions: [{
      ...{ name: "v1", served: true, storage: true },
      additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
      schema: {
        openAPIV3Schema: {
          type: "object",
          properties: {
            spec: {
              type: "object",
              properties: { size: { type: "integer", nullable: true, description: "How big it is." } },
            },
          },
        },
      },
    }],
  },
};

const widget = (spec: Record<string, unknown>) =>
  JSON.stringify({ apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "one" }, spec });

async function understands(kubectl: string): Promise<void> {
  await using server = await apiServer();
  await using session = await kubectlSession(kubectl, server);
  const { stdout: resources } = await session.run(["api-resources", "--sort-by=name"]);
  assert.match(resources, /deployments +deploy +apps\/v1 +true +Deployment/);
  const { stdout: explained } = await session.run(["explain", "pod.spec.containers.ports"]);
  assert.match(explained, /containerPort\t<integer> -required-/);
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containerz: [], containers: [] } };
  await refuses(session, JSON.stringify(pod), /unknown field "(spec\.)?containerz"/);
  await customKind(session);
  const { stdout: shown } = await session.run(["get", "wd", "-o", "wide"]);
  assert.match(shown, /^NAME +SIZE\none +3\n$/);
}

async function refuses(session: KubectlSession, stdin: string, words: RegExp): Promise<void> {
  const { code, stderr } = await session.run(["create", "-f", "-"], { stdin, check: false });
  assert.equal(code, 1);
  assert.match(stderr, words);
}

async function customKind(session: KubectlSession): Promise<void> {
  await session.run(["apply", "-f", "-"], { stdin: JSON.stringify(definition) });
  await session.run(["wait", "--for=condition=Established", "crd/widgets.example.com"]);
  const { stdout } = await session.run(["explain", "widget.spec.size"]);
  assert.match(stdout, /How big it is\./);
  await refuses(session, widget({ sice: 3 }), /unknown field "(spec\.)?sice"/);
  await session.run(["apply", "--server-side", "-f", "-"], { stdin: widget({ size: 2 }) });
  const other = ["apply", "--server-side", "--field-manager=other", "-f", "-"];
  const conflict = await session.run(other, { stdin: widget({ size: 3 }), check: false });
  assert.match(conflict.stderr, /Apply failed with 1 conflict: conflict with "kubectl".*: \.spec\.size/);
  await session.run([...other, "--force-conflicts"], { stdin: widget({ size: 3 }) });
}

await testWithKubectls((whose) => `${whose} explains, validates and applies from the documents`, understands);
