/** Clients that other people wrote, unmodified: client-go, controller-runtime, helm and the newest kubectl. */
import assert from "node:assert/strict";
import { Foreground, root, until } from "../cluster/machine.ts";
import { testHost } from "../support/host.ts";
import { runCommand } from "../support/run_command.ts";

const folder = import.meta.dirname!;

const hasGo = (await runCommand(["sh", "-c", "command -v go"], { check: false })).code === 0;
if (!hasGo) console.log("skipped: there is no Go on this machine to build client-go, controller-runtime and helm with");

Deno.test({
  name: "client-go's informers and leader election, a controller-runtime operator, helm and the newest kubectl work",
  ignore: !hasGo,
  async fn(t) {
    const programs = await Deno.makeTempDir({ prefix: "d8s-clients-" });
    await runCommand(["go", "build", "-o", `${programs}/`, "./...", "helm.sh/helm/v3/cmd/helm"], {
      cwd: `${folder}/programs`,
    });
    await using host = await testHost({ docker: true });
    const kubeconfig = `${host.folder}/kubeconfig`;
    await Deno.mkdir(`${host.folder}/manifests`);
    const up = new Foreground(host, "up", "--no-install", "--manifests", `${host.folder}/manifests`);
    await up.printed(/Ctrl-C stops d8s/);
    const run = async (program: string, ...args: string[]) =>
      (await host.run([`${programs}/${program}`, "--kubeconfig", kubeconfig, ...args], { cwd: root })).stdout;

    for (const flags of [[], ["-protobuf"]]) {
      await t.step(`typed, dynamic and metadata informers end with the same objects ${flags}`, async () => {
        const said = await run("informers", ...flags);
        assert.equal(said.match(/informer agrees/g)?.length, 3);
        await run("kubectl", "delete", "configmaps", "--all");
      });
    }

    await t.step("leader election hands a Lease over", async () => {
      assert.equal(await run("election"), "first leads\nsecond leads\n");
    });

    await t.step("an operator sees its custom resource through its whole life", async () => {
      await run("kubectl", "apply", "--server-side", "-f", `${folder}/programs/operator/crd.yaml`);
      await run("kubectl", "wait", "--for=condition=Established", "crd/greetings.tests.example.com");
      assert.match(await run("operator"), /said[^]*followed[^]*repaired[^]*leave nothing/);
      await until("the operator's event", async () => /said "hello"/.test(await run("kubectl", "get", "events")));
    });

    await t.step("helm installs, upgrades, tests, rolls back and uninstalls a chart", async () => {
      const chart = `${folder}/chart`;
      const text = () => run("kubectl", "get", "configmap", "greeter-text", "-o", "jsonpath={.data.text}");
      await run("helm", "install", "greeter", chart, "--wait", "--timeout", "60s");
      await run("helm", "test", "greeter", "--timeout", "60s");
      await run("helm", "upgrade", "greeter", chart, "--set", "text=changed,replicas=2", "--wait", "--timeout", "60s");
      assert.equal(await text(), "changed");
      await run("helm", "test", "greeter", "--timeout", "60s");
      await run("helm", "rollback", "greeter", "1", "--wait", "--timeout", "60s");
      assert.equal(await text(), "hello");
      assert.match(await run("helm", "history", "greeter"), /deployed\s+greeter-1\.0\.0\s+Rollback to 1/);
      await run("helm", "uninstall", "greeter", "--wait", "--timeout", "60s");
      assert.equal(
        (await run("kubectl", "get", "deployments,configmaps", "-l", "release=greeter", "-o", "name")).trim(),
        "",
      );
    });

    await t.step("the newest kubectl explains, diffs, applies, waits and lists events", async () => {
      const file = `${host.folder}/quick.yaml`;
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "quick" }, data: { a: "1" } };
      await Deno.writeTextFile(file, JSON.stringify(object));
      assert.match(await run("kubectl", "explain", "pod.spec.containers.image"), /FIELD: image <string>/);
      await assert.rejects(run("kubectl", "diff", "-f", file), /\+ {2}a: "1"/);
      await run("kubectl", "apply", "--validate=strict", "-f", file);
      await run("kubectl", "diff", "-f", file);
      await run("kubectl", "wait", "--for=jsonpath={.data.a}=1", "configmap/quick", "--timeout=10s");
      assert.match(await run("kubectl", "events"), /Normal/);
      assert.match(
        await run("kubectl", "api-resources", "--api-group=apps"),
        /deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/,
      );
      await run("kubectl", "cluster-info", "dump", "--output-directory", `${host.folder}/dump`);
      assert.match(await Deno.readTextFile(`${host.folder}/dump/nodes.json`), /"kind": "NodeList"/);
    });

    assert.equal((await up.end("SIGINT")).code, 0);
    await Deno.remove(programs, { recursive: true });
  },
});
