/** Host ports belong to the portmap plugin; what it leaves behind is cleared away without hurting others. */
import assert from "node:assert/strict";
import { removeOverlay } from "../../network/mod.ts";
import { testHost } from "../support/host.ts";
import { ensurePackages } from "../support/packages.ts";

Deno.test("down takes away the plugin's empty chains, and not those that a host port is in", async () => {
  await ensurePackages(["iptables", "iproute2", "containernetworking-plugins"]);
  await using host = await testHost();
  await host.run(["ip", "netns", "add", "web"]);
  const portmap = (verb: "ADD" | "DEL") =>
    host.run(["/usr/lib/cni/portmap"], {
      env: {
        CNI_COMMAND: verb,
        CNI_CONTAINERID: "web",
        CNI_NETNS: "/run/netns/web",
        CNI_IFNAME: "eth0",
        CNI_PATH: "/",
      },
      stdin: JSON.stringify({
        cniVersion: "1.0.0",
        name: "other",
        type: "portmap",
        snat: true,
        runtimeConfig: { portMappings: [{ hostPort: 8088, containerPort: 80, protocol: "tcp" }] },
        prevResult: { cniVersion: "1.0.0", ips: [{ address: "10.88.0.2/24" }] },
      }),
    });
  const down = () =>
    removeOverlay({
      stateDir: `${host.folder}/overlay`,
      cniConfDir: `${host.folder}/net.d`,
      run: (command, stdin) => host.run(command, { stdin, check: false }),
    });
  const rules = async () => (await host.run(["iptables-save"])).stdout;
  await portmap("ADD");
  await down();
  assert.match(await rules(), /--dports 8088/);
  await portmap("DEL");
  await down();
  assert.doesNotMatch(await rules(), /CNI-/);
});
