/** A CSI driver on a whole machine: the specification's own Go bindings and grpc-go on its side; real docker, real kubectl. */
import assert from "node:assert/strict";
import { Foreground, kubectlIn, shell, until } from "../cluster/machine.ts";
import { busyboxImage, importBusybox } from "../support/busybox_image.ts";
import { testHost } from "../support/host.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";
import { runCommand } from "../support/run_command.ts";

const has = async (program: string) =>
  (await runCommand(["sh", "-c", `command -v ${program}`], { check: false })).code === 0;
const hasGo = await has("go");
if (!hasGo) console.log("skipped: there is no Go on this machine to build a CSI driver with");

/** A machine without them, as in some sandboxes, has no block devices to give. */
const hasLoop = await Deno.stat("/dev/loop-control").then(() => true, () => false);

const volume = (name: string, mode: string) => `
apiVersion: v1
kind: PersistentVolume
metadata: { name: ${name} }
spec:
  accessModes: [ReadWriteOnce]
  capacity: { storage: 8Mi }
  volumeMode: ${mode}
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ""
  csi: { driver: machine.test.d8s.io, volumeHandle: ${name}, volumeAttributes: { color: blue } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 8Mi } }
  volumeMode: ${mode}
  storageClassName: ""
  volumeName: ${name}
---`;

const objects = `
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: { name: machine.test.d8s.io }
spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: [Persistent, Ephemeral] }
---
apiVersion: v1
kind: Secret
metadata: { name: key }
stringData: { word: sesame }
---
${volume("files", "Filesystem")}
${hasLoop ? volume("device", "Block") : ""}
`;

const script = [
  "cat /about/about > /files/said",
  ...(hasLoop ? ["echo block > /dev/disk", "head -c 5 /dev/disk >> /files/said"] : []),
  "while :; do sleep 1; done",
].join("; ");

const user = `
apiVersion: v1
kind: Pod
metadata: { name: user }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: ${busyboxImage}
      imagePullPolicy: Never
      command: [sh, -c, "${script}"]
      volumeMounts: [{ name: files, mountPath: /files }, { name: about, mountPath: /about }]
      ${hasLoop ? "volumeDevices: [{ name: device, devicePath: /dev/disk }]" : ""}
  volumes:
    - { name: files, persistentVolumeClaim: { claimName: files } }
    - name: about
      csi: { driver: machine.test.d8s.io, nodePublishSecretRef: { name: key } }
    ${hasLoop ? "- { name: device, persistentVolumeClaim: { claimName: device } }" : ""}
`;

Deno.test({
  name: "a driver built with the specification's own bindings gives pods files, a device and a volume of their own",
  ignore: !hasGo,
  async fn() {
    await using host = await testHost({ docker: true });
    await using old = await debianKubectl();
    const kubectl = kubectlIn(host, await machineKubectl() ?? old.path);
    const program = `${host.folder}/csi-driver`;
    await runCommand(["go", "build", "-o", program, "."], { cwd: `${import.meta.dirname}/go_driver` });
    await importBusybox(host);
    const data = `${host.folder}/data`;
    for (const folder of [`${host.folder}/manifests`, data]) await Deno.mkdir(folder);
    const up = new Foreground(host, "up", "--no-install", "--manifests", `${host.folder}/manifests`);
    await up.printed(/Ctrl-C stops d8s/);
    const apply = async (text: string) => {
      await Deno.writeTextFile(`${host.folder}/objects.yaml`, text);
      await kubectl("apply", "-f", `${host.folder}/objects.yaml`);
    };
    await apply(objects);
    await apply(user);
    await until(
      "the pod waits for its driver",
      async () => (await kubectl("get", "events")).includes("not found in the list of registered CSI drivers"),
    );

    // As every public driver's manifests have it.
    const kubelet = "/var/lib/kubelet";
    await shell(host, `mkdir -p ${kubelet}/plugins/machine`);
    const driver = host.spawn([
      program,
      `${kubelet}/plugins/machine/csi.sock`,
      data,
      `${kubelet}/plugins_registry/m.sock`,
    ]);
    const csiNode = ["get", "csinode", "-o", "jsonpath={.items[*].spec.drivers[*]}"];
    await until("the driver is known", async () => (await kubectl(...csiNode)).includes("the-machine"));
    assert.match(await kubectl(...csiNode), /"count":7.*"topologyKeys":\["topology.machine.test\/disk"\]/);
    await kubectl("wait", "--for=condition=Ready", "pod/user", "--timeout=60s");
    const expected = `user sesame${hasLoop ? "block" : ""}`;
    await until(
      "it has written",
      async () => (await Deno.readTextFile(`${data}/files/said`).catch(() => "")) === expected,
    );

    await kubectl("delete", "pod", "user", "--timeout=60s");
    const left = () => shell(host, `grep -c kubernetes.io /proc/mounts; losetup -l | grep -c ${data}; true`);
    await until("nothing of the pod is left", async () => (await left()).stdout === "0\n0\n");
    assert.equal(await Deno.readTextFile(`${data}/files/said`), expected);
    driver.kill("SIGKILL");
    await driver.status;
    await shell(host, `rm ${kubelet}/plugins_registry/m.sock`);
    await until("the driver is forgotten", async () => (await kubectl(...csiNode)) === "");
    assert.equal((await up.end("SIGTERM")).code, 0);
  },
});
