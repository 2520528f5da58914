/** What a container may do on a machine that has not all that a machine may have. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { capabilitiesIn } from "../../controllers/kubelet/container/capabilities.ts";
import { sandboxSpec } from "../../controllers/kubelet/container/container_spec.ts";
import { asFarAsPossible, securityOptions } from "../../controllers/kubelet/container/security.ts";
import { podOf } from "./pods.ts";

const statusOf = (mask: bigint) =>
  `Name:\tdeno\nCapEff:\t0\nCapBnd:\t${mask.toString(16).padStart(16, "0")}\nCapAmb:\t0\n`;
const sysResource = 24n;

Deno.test("a machine's capabilities are the bits of its bounding set, up to the last that its kernel knows", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 41n) - 1n }), fc.nat(40), (mask, last) => {
    const { present, missing } = capabilitiesIn(statusOf(mask), last);
    assert.equal(present.length + missing.length, last + 1);
    assert.equal(new Set([...present, ...missing]).size, last + 1);
    assert.equal(present.includes("CAP_CHOWN"), (mask & 1n) === 1n);
    if (last >= 24) assert.equal(missing.includes("CAP_SYS_RESOURCE"), ((mask >> sysResource) & 1n) === 0n);
  }));
  assert.deepEqual(capabilitiesIn("Name:\tdeno\n", 1), { present: [], missing: ["CAP_CHOWN", "CAP_DAC_OVERRIDE"] });
});

const configuration = { seccompDefault: true };

function wanted(securityContext: object) {
  const container = { name: "c", securityContext };
  return securityOptions(podOf({ containers: [container] }), container, { configuration });
}

const all = capabilitiesIn(statusOf((1n << 41n) - 1n), 40);
const without = capabilitiesIn(statusOf(((1n << 41n) - 1n) ^ (1n << sysResource)), 40);

Deno.test("a privileged container gets what the machine has, and the engine's own mode where it has all", () => {
  const privileged = wanted({ privileged: true, capabilities: { drop: ["ALL"] } });
  assert.equal(asFarAsPossible(privileged, all), privileged);
  const given = asFarAsPossible(privileged, without);
  assert.equal(given.privileged, false);
  assert.ok(given.addCapabilities.includes("CAP_SYS_ADMIN"));
  assert.deepEqual(given.addCapabilities.filter((name) => /SYS_RESOURCE|PERFMON|BPF|CHECKPOINT/.test(name)), []);
  assert.deepEqual([given.dropCapabilities, given.unmaskedProc, given.allDevices], [[], true, true]);
  assert.deepEqual([given.seccomp, given.appArmor], ["unconfined", "unconfined"]);
});

Deno.test("who is not privileged gets no more on a machine that has less", () => {
  const plain = wanted({ capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] }, allowPrivilegeEscalation: false });
  assert.equal(asFarAsPossible(plain, without), plain);
  assert.deepEqual([plain.addCapabilities, plain.dropCapabilities, plain.noNewPrivileges], [
    ["NET_ADMIN"],
    ["ALL"],
    true,
  ]);
  assert.equal(plain.allDevices, undefined);
});

Deno.test("a pod that wants users of its own is refused: docker maps them for all containers or for none", () => {
  const refused = () => sandboxSpec(podOf({ hostUsers: false }), { attempt: 0, clusterDomain: "cluster.local" });
  assert.throws(refused, { name: "ConfigError", message: /user namespaces/ });
});
