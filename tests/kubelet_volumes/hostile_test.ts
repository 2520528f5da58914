/** Symlinks and `..` where a pod, or whoever writes its objects, can place them. Real files, in folders of their own. */
import assert from "node:assert/strict";
import { mountsOf } from "../../controllers/kubelet/container/mounts.ts";
import { writeFolder } from "../../controllers/kubelet/volumes/atomic_folder.ts";
import { prepareHostPath } from "../../controllers/kubelet/volumes/host_path.ts";
import { volumeProtection } from "../../controllers/storage_protection.ts";
import { localFolders } from "../../controllers/local_provisioner/folders.ts";
import { PersistentVolume } from "../../runtime/schema/mod.ts";
import { testCluster } from "../controllers/cluster.ts";
import { podOf } from "../kubelet/pods.ts";

async function folder() {
  const path = await Deno.makeTempDir({ prefix: "d8s-hostile-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const file = (text: string) => ({ bytes: new TextEncoder().encode(text), mode: 0o644 });

Deno.test("a key that leads out of its volume is refused, and nothing is written where it leads", async () => {
  await using root = await folder();
  const volume = `${root.path}/a/volume`;
  await Deno.mkdir(volume, { recursive: true });
  for (const key of ["../../out", "/tmp/d8s-out", "x/../../../out", ".."]) {
    await assert.rejects(writeFolder(volume, new Map([[key, file("secret")]]), { now: 0 }), /invalid path/);
  }
  assert.deepEqual((await Array.fromAsync(Deno.readDir(root.path))).map(({ name }) => name), ["a"]);
});

Deno.test("a link in place of the volume's present version makes the agent remove nothing", async () => {
  await using root = await folder();
  const [volume, precious] = [`${root.path}/volume`, `${root.path}/precious`];
  for (const one of [volume, precious]) await Deno.mkdir(one);
  await Deno.writeTextFile(`${precious}/file`, "kept");
  await writeFolder(volume, new Map([["key", file("one")]]), { now: 0 });
  for (const target of ["../precious", precious, "..2026/../../precious"]) {
    await Deno.remove(`${volume}/..data`);
    await Deno.symlink(target, `${volume}/..data`);
    await writeFolder(volume, new Map([["key", file(target)]]), { now: 1 });
    assert.equal(await Deno.readTextFile(`${precious}/file`), "kept");
    assert.equal(await Deno.readTextFile(`${volume}/key`), target);
  }
});

Deno.test("what the agent writes for a pod the pod cannot write, also where it does not ask for it read-only", async () => {
  const container = {
    name: "main",
    volumeMounts: [{ name: "map", mountPath: "/m" }, { name: "own", mountPath: "/o" }],
  };
  const mounts = await mountsOf({
    pod: podOf({ containers: [container] }),
    container,
    podDir: "/nowhere",
    volumes: new Map([["map", "/nowhere/map"], ["own", "/nowhere/own"]]),
    readOnly: new Set(["map"]),
    env: new Map(),
  });
  assert.deepEqual(mounts.slice(0, 2).map(({ target, readOnly }) => [target, readOnly]), [["/m", true], ["/o", false]]);
});

Deno.test("a subPathExpr whose variable has no value mounts nothing", async () => {
  const volumeMounts = [{ name: "own", mountPath: "/o", subPathExpr: "logs/$(HERE)/$(GONE)/$$(KEPT)$(EMPTY)" }];
  const container = { name: "main", volumeMounts };
  const mounting = mountsOf({
    pod: podOf({ containers: [container] }),
    container,
    podDir: "/nowhere",
    volumes: new Map([["own", "/nowhere/own"]]),
    readOnly: new Set(),
    env: new Map([["HERE", "here"], ["EMPTY", ""]]),
  });
  await assert.rejects(mounting, { name: "MountError", message: "missing value for GONE, EMPTY" });
});

Deno.test("a hostPath is what its type says, whatever its name pretends to be", async () => {
  await using root = await folder();
  await Deno.writeTextFile(`${root.path}/file`, "");
  await Deno.mkdir(`${root.path}/folder`);
  await Deno.symlink(`${root.path}/file`, `${root.path}/link`);
  await Deno.symlink(`${root.path}/absent`, `${root.path}/dangling`);
  const refused = (name: string, type: string) =>
    assert.rejects(prepareHostPath({ path: `${root.path}/${name}`, type }), /hostPath type check failed/);
  await refused("link", "Directory");
  await refused("folder", "File");
  await refused("file", "Socket");
  await refused("folder", "BlockDevice");
  await refused("file", "CharDevice");
  await refused("dangling", "File");
  await refused("absent", "Directory");
  await refused("file", "Anything");
  await assert.rejects(Deno.lstat(`${root.path}/absent`), Deno.errors.NotFound);
});

Deno.test("who may edit volumes cannot have the node remove folders of its own", async () => {
  await using root = await folder();
  await using cluster = await testCluster();
  const { client, until } = cluster;
  const [own, other] = [`${root.path}/volumes`, `${root.path}/other`];
  for (const one of [own, other, `${own}/pvc-2`]) await Deno.mkdir(one);
  const paths = { "pvc-1": other, "keep": `${own}/keep`, "pvc-2": `${own}/pvc-2` };
  await Deno.mkdir(`${own}/keep`);
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In" as const, values: ["here"] }];
  for (const [name, path] of Object.entries(paths)) {
    await client.create(PersistentVolume, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: {
        name,
        annotations: { "pv.kubernetes.io/provisioned-by": "local.d8s.io" },
        finalizers: ["local.d8s.io/folder"],
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
        persistentVolumeReclaimPolicy: "Delete",
      },
    });
    await client.delete(PersistentVolume, { name });
  }
  cluster.run([localFolders({ nodeName: "here", folder: own }), volumeProtection]);
  for (const name of Object.keys(paths)) await until(PersistentVolume, { name }, (one) => one === undefined);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(own))).map(({ name }) => name), ["keep"]);
  assert.ok((await Deno.stat(other)).isDirectory);
});
