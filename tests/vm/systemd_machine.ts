/**
 * `deno task vm-test`: d8s on a machine as people have it, from the first `up` to the power-off: systemd, control groups of
 * version 2, AppArmor, NFS. It takes a quarter of an hour and is no part of `deno task test`.
 */
import assert from "node:assert/strict";
import { bootMachine } from "./machine.ts";

const configuration = `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
shutdownGracePeriod: 60s
shutdownGracePeriodCriticalPods: 20s
`;

/** In the machine's shell: kubectl's place, and an image without a registry. */
const prepare = `
mkdir -p /root/none && cat > /root/kubelet.yaml <<'END'
${configuration}
END
cat > /root/image.sh <<'END'
t=$(mktemp -d); mkdir -p $t/bin $t/tmp; cp /bin/busybox $t/bin/
for applet in $(busybox --list); do [ $applet = busybox ] || ln -sf busybox $t/bin/$applet; done
tar -C $t -c . | docker import --change 'ENV PATH=/bin' - busybox:test
END`;

const until = (question: string) =>
  `for i in $(seq 150); do if ${question}; then exit 0; fi; sleep 2; done; echo "never: ${
    question.replaceAll('"', "")
  }"; exit 1\n`;

interface Fields {
  readonly spec?: object;
  readonly container?: object;
}

function apply(name: string, script: string, { spec, container }: Fields = {}): string {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "c", image: "busybox:test", command: ["sh", "-c", script], ...container }],
      ...spec,
    },
  };
  return `kubectl apply -f - <<'END'\n${JSON.stringify(pod)}\nEND\n`;
}

const ready = (...names: string[]) =>
  `kubectl wait --for=condition=Ready --timeout=300s ${names.map((name) => `pod/${name}`).join(" ")}\n`;
const nfs = (name: string, fields = {}) => ({ name, nfs: { server: "10.0.2.15", path: "/srv/nfs", ...fields } });

Deno.test("d8s on a machine with systemd, cgroup v2, AppArmor and NFS", async (t) => {
  await using machine = await bootMachine();
  const { sh } = machine;

  await t.step("`up` installs what is missing, docker first, and the node becomes ready", async () => {
    const { pathname } = new URL("../../", import.meta.url);
    await sh(`${prepare}
      systemd-run --quiet --unit=d8s --property=WorkingDirectory=${pathname} --setenv=HOME=/root --setenv=PATH=$PATH \\
        deno task up --manifests /root/none --kubelet-config /root/kubelet.yaml
      ${until("kubectl get nodes 2>/dev/null | grep -qw Ready")}`);
    assert.match(await sh("journalctl --unit=d8s"), /installed docker\.io/);
    assert.match(await sh("docker info 2>/dev/null"), /Cgroup Driver: systemd\n Cgroup Version: 2/);
    await sh(". /root/image.sh");
  });

  await t.step("a pod's group is a slice with its limits, and its figures are the kernel's", async () => {
    const resources = { requests: { cpu: "100m", memory: "32Mi" }, limits: { cpu: "500m", memory: "64Mi" } };
    await sh(apply("limited", "exec sleep 100000", { container: { resources } }) + ready("limited"));
    const files = await sh(`
      id=$(docker ps -q --no-trunc --filter name=k8s_c_limited_default); path=$(find /sys/fs/cgroup/kubepods.slice -name docker-$id.scope)
      cd $path; cat memory.max cpu.max ../memory.max ../cpu.max ../cpu.weight; basename $(dirname $(dirname $path))`);
    const [memory, cpu] = ["67108864", "50000 100000"];
    assert.deepEqual(files.trim().split("\n"), [memory, cpu, memory, cpu, "17", "kubepods-burstable.slice"]);
    const summary = JSON.parse(await sh("kubectl get --raw /api/v1/nodes/vm/proxy/stats/summary"));
    const { containers: [container] } = summary.pods.find((pod: { podRef: { name: string } }) =>
      pod.podRef.name === "limited"
    );
    assert.ok(container.memory.usageBytes > 0 && container.memory.usageBytes < 2 ** 26);
    assert.ok(container.cpu.usageCoreNanoSeconds > 0);
  });

  await t.step(
    "who needs more than its limit of memory is killed with all its processes, and that is said",
    async () => {
      const resources = { limits: { memory: "16Mi" } };
      const spec = { restartPolicy: "Never" };
      await sh(apply("greedy", "sleep 5; tail /dev/zero; exit 3", { spec, container: { resources } }));
      const { status } = JSON.parse(
        await sh(`(${until("kubectl get pod greedy | grep -q OOMKilled")}); kubectl get pod greedy -o json`),
      );
      const { reason, exitCode } = status.containerStatuses[0].state.terminated;
      assert.deepEqual([reason, exitCode], ["OOMKilled", 137]);
    },
  );

  await t.step("AppArmor holds who does not say otherwise", async () => {
    const securityContext = { appArmorProfile: { type: "Unconfined" }, seccompProfile: { type: "Unconfined" } };
    const script = "cat /proc/self/attr/current; grep Seccomp: /proc/self/status; exec sleep 100000";
    await sh(apply("held", script) + apply("free", script, { container: { securityContext } }) + ready("held", "free"));
    assert.match(await sh("kubectl logs held"), /docker-default \(enforce\)\s+Seccomp:\s+2/);
    assert.match(await sh("kubectl logs free"), /unconfined\s+Seccomp:\s+0/);
  });

  await t.step("an NFS volume is read and written, and is let go of when its server is away", async () => {
    const volumes = [nfs("rw"), nfs("ro", { readOnly: true })];
    const volumeMounts = ["rw", "ro"].map((name) => ({ name, mountPath: `/${name}` }));
    const script = "cat /ro/hello; echo word > /rw/written; touch /ro/no; exec sleep 100000";
    await sh(`
      apt-get install -q -y --no-install-recommends nfs-common >/dev/null
      echo hello from the server > /srv/nfs/hello
      echo '/srv/nfs *(rw,no_root_squash,insecure,no_subtree_check,fsid=7)' > /etc/exports
      exportfs -r
      ${apply("shared", script, { spec: { volumes }, container: { volumeMounts } })}${ready("shared")}`);
    assert.match(await sh("kubectl logs shared"), /hello from the server\n.*Read-only file system/);
    assert.equal(await sh("cat /srv/nfs/written"), "word\n");

    await sh("systemctl stop nfs-server; kubectl delete pod shared --timeout=240s");
    assert.doesNotMatch(await sh("cat /proc/mounts"), / nfs4 /);
    const late = apply("late", "cat /rw/hello; exec sleep 100000", {
      spec: { volumes: [nfs("rw")] },
      container: { volumeMounts: volumeMounts.slice(0, 1) },
    });
    await sh(late + until("kubectl get events | grep -q 'FailedMount.*10.0.2.15'"));
    await sh("systemctl start nfs-server\n" + ready("late"));
  });

  await t.step("docker restarted by systemd: the pods run again by themselves", async () => {
    await sh(
      `systemctl restart docker\n${until("[ $(kubectl get pods limited held | grep -c ' [1-9].* (.*ago)') = 2 ]")}`,
    );
    await sh(ready("limited"));
  });

  await t.step("at a power-off the machine waits until pods have ended", async () => {
    const script =
      "trap 'sleep 5; echo ended in peace > /console; exit 0' TERM; while true; do sleep 1 & wait $!; done";
    const spec = {
      terminationGracePeriodSeconds: 40,
      volumes: [{ name: "console", hostPath: { path: "/dev/ttyS0", type: "CharDevice" } }],
    };
    const volumeMounts = [{ name: "console", mountPath: "/console" }];
    const container = { volumeMounts, securityContext: { privileged: true } };
    await sh(apply("last", script, { spec, container }) + ready("last"));
    assert.match(await sh("systemd-inhibit --list"), /d8s .* shutdown .* delay/);
    await sh("systemctl poweroff");
    await machine.off;
    assert.match(await machine.console(), /ended in peace/);
  });
});
