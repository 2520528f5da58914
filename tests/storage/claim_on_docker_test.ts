/** A claim's data on a whole machine: real docker, real kubectl, and the pod as an ordinary user. */
import assert from "node:assert/strict";
import { Foreground, kubectlIn, shell, until } from "../cluster/machine.ts";
import { busyboxImage, importBusybox } from "../support/busybox_image.ts";
import { testHost } from "../support/host.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";

const claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: disk }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

const podRunning = (name: string, command: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  securityContext: { runAsUser: 1000, fsGroup: 2000 }
  containers:
    - name: main
      image: ${busyboxImage}
      imagePullPolicy: Never
      command: [sh, -c, "${command}"]
      volumeMounts: [{ name: disk, mountPath: /disk }]
  volumes: [{ name: disk, persistentVolumeClaim: { claimName: disk } }]
`;

const overfull = `
apiVersion: v1
kind: Pod
metadata: { name: overfull }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: ${busyboxImage}
      imagePullPolicy: Never
      command: [sh, -c, "dd if=/dev/zero of=/scratch/file bs=1M count=4; sleep 1000"]
      volumeMounts: [{ name: scratch, mountPath: /scratch }]
  volumes: [{ name: scratch, emptyDir: { sizeLimit: 1Mi } }]
`;

Deno.test("data outlives its pods and goes with its claim; kubectl top tells use; who overfills its scratch is evicted", async () => {
  await using host = await testHost({ docker: true });
  await using old = await debianKubectl();
  const kubectl = kubectlIn(host, await machineKubectl() ?? old.path);
  await importBusybox(host);
  await Deno.mkdir(`${host.folder}/manifests`);
  const up = new Foreground(host, "up", "--no-install", "--manifests", `${host.folder}/manifests`);
  await up.printed(/Ctrl-C stops d8s/);
  const apply = async (text: string) => {
    await Deno.writeTextFile(`${host.folder}/object.yaml`, text);
    await kubectl("apply", "-f", `${host.folder}/object.yaml`);
  };
  const phase = (name: string, wanted: string) =>
    until(
      `${name} is ${wanted}`,
      async () => (await kubectl("get", "pod", name, "-o", "jsonpath={.status.phase}")) === wanted,
    );
  await until("the class is there", async () => (await kubectl("get", "storageclass")).includes("local (default)"));

  await apply(overfull);
  await apply(claim);
  await apply(podRunning("writer", "echo kept > /disk/file"));
  await phase("writer", "Succeeded");
  await kubectl("delete", "pod", "writer");
  await apply(podRunning("reader", "cat /disk/file; while :; do :; done"));
  await phase("reader", "Running");
  await until("it has read", async () => (await kubectl("logs", "reader")) === "kept\n");
  await until("its use is told", async () => /reader\s+\d{2,}m\s+\d+Mi/.test(await kubectl("top", "pod")));

  await kubectl("delete", "pvc", "disk", "--wait=false");
  assert.match((await shell(host, "ls /var/lib/d8s/volumes")).stdout, /^pvc-/);
  await kubectl("delete", "pod", "reader");
  await until("the volume is gone", async () => (await kubectl("get", "pv,pvc", "-o", "name")) === "");
  assert.equal(
    (await shell(host, "ls /var/lib/d8s/volumes; grep -c /volumes/pvc- /proc/mounts || true")).stdout,
    "0\n",
  );

  const ended = ["get", "pod", "overfull", "-o", "jsonpath={.status.phase} {.status.reason}: {.status.message}"];
  await until("who writes too much is evicted", async () => (await kubectl(...ended)).startsWith("Failed Evicted"));
  assert.match(await kubectl(...ended), /Usage of EmptyDir volume "scratch" exceeds the limit "1Mi"/);
  await until("its container ends", async () => !(await shell(host, "docker ps")).stdout.includes("overfull"));
  assert.equal((await up.end("SIGTERM")).code, 0);
});
