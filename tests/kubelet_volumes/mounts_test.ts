/** What is mounted, by whom it can be read, and that nothing leads out of a volume. Real mounts, in folders of their own. */
import assert from "node:assert/strict";
import { memoryLimitOf, memoryMount, prepareEmptyDir } from "../../controllers/kubelet/volumes/empty_dir.ts";
import { ownByGroup } from "../../controllers/kubelet/volumes/group_ownership.ts";
import { bindMount, isMountPoint, unmountBelow } from "../../controllers/kubelet/volumes/mounts.ts";
import { mountNfs } from "../../controllers/kubelet/volumes/nfs.ts";
import { mountPersistentVolume } from "../../controllers/kubelet/volumes/persistent_volume.ts";
import { pinReadOnly } from "../../controllers/kubelet/volumes/read_only.ts";
import { pinSubPath } from "../../controllers/kubelet/volumes/sub_path.ts";
import { podOf } from "../kubelet/pods.ts";

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function folder(): Promise<Folder> {
  const path = await Deno.makeTempDir({ prefix: "d8s-volumes-" });
  return {
    path,
    async [Symbol.asyncDispose]() {
      await unmountBelow(path);
      await Deno.remove(path, { recursive: true });
    },
  };
}

const modeOf = async (path: string) => ((await Deno.lstat(path)).mode ?? 0) & 0o7777;

Deno.test("an emptyDir is anybody's, its group's with an fsGroup, and keeps the rights that the pod gives it", async () => {
  await using root = await folder();
  const open = await prepareEmptyDir(`${root.path}/open`, {});
  assert.equal(await modeOf(open), 0o777);
  const grouped = await prepareEmptyDir(`${root.path}/grouped`, {}, { group: 4321 });
  assert.equal(await modeOf(grouped), 0o2777);
  assert.equal((await Deno.lstat(grouped)).gid, 4321);
  await Deno.chmod(open, 0o700);
  await prepareEmptyDir(open, {});
  assert.equal(await modeOf(open), 0o700);
});

Deno.test("memory is mounted once, no larger than the volume's limit or the pod's", async () => {
  await using root = await folder();
  const path = `${root.path}/memory`;
  await prepareEmptyDir(path, { medium: "Memory", sizeLimit: "1Mi" }, { group: 7, memoryLimitBytes: 1 << 30 });
  assert.equal(await modeOf(path), 0o2777);
  await assert.rejects(Deno.writeFile(`${path}/big`, new Uint8Array(2 << 20)), /No space left/);
  await prepareEmptyDir(path, { medium: "Memory" });
  assert.ok(await isMountPoint(path));
  assert.deepEqual(memoryMount({ medium: "HugePages-1Gi" }, {}), ["hugetlbfs", ["pagesize=1G", "mode=0777"]]);
  assert.throws(() => memoryMount({ medium: "Tape" }, {}), /unknown storage medium "Tape"/);
  const limited = [{ name: "a", resources: { limits: { memory: "64Mi" } } }, { name: "b" }];
  assert.equal(memoryLimitOf(podOf({ containers: limited.slice(0, 1) }), "8Gi"), 64 << 20);
  assert.equal(memoryLimitOf(podOf({ containers: limited }), "8Gi"), 8 * 2 ** 30);
});

Deno.test("a group owns what is in a volume and nothing that its links point to", async () => {
  await using root = await folder();
  const [volume, outside] = [`${root.path}/volume`, `${root.path}/outside`];
  await Deno.mkdir(`${volume}/a/b`, { recursive: true });
  await Deno.writeTextFile(outside, "");
  const before = (await Deno.lstat(outside)).gid;
  await Deno.writeTextFile(`${volume}/a/file`, "", { mode: 0o600 });
  await Deno.symlink(outside, `${volume}/a/link`);
  await Deno.symlink("/", `${volume}/a/b/root`);
  await ownByGroup(volume, { group: 4321 });
  assert.equal(await modeOf(`${volume}/a/file`), 0o660);
  assert.equal(await modeOf(`${volume}/a/b`) & 0o2070, 0o2070);
  assert.equal((await Deno.lstat(`${volume}/a/file`)).gid, 4321);
  assert.equal((await Deno.lstat(outside)).gid, before);
  await Deno.chown(`${volume}/a/file`, null, 1);
  await ownByGroup(volume, { group: 4321, policy: "OnRootMismatch" });
  assert.equal((await Deno.lstat(`${volume}/a/file`)).gid, 1);
});

Deno.test("a subPath is made, follows links within the volume, and never leads out of it", async () => {
  await using root = await folder();
  const [volume, secret] = [`${root.path}/volume`, `${root.path}/secret`];
  await Deno.mkdir(`${volume}/..data`, { recursive: true });
  await Deno.mkdir(secret);
  await Deno.writeTextFile(`${volume}/..data/key`, "value");
  await Deno.symlink("..data/key", `${volume}/key`);
  const shown = await pinSubPath(volume, "key", `${root.path}/pinned/0`);
  assert.equal(await Deno.readTextFile(shown), "value");
  await pinSubPath(volume, "new/folder", `${root.path}/pinned/1`);
  assert.ok((await Deno.lstat(`${volume}/new/folder`)).isDirectory);
  await Deno.symlink(secret, `${volume}/out`);
  await Deno.symlink("../../secret", `${volume}/new/up`);
  for (const [index, path] of ["out", "out/made", "new/up/made", "../secret", "/etc"].entries()) {
    await assert.rejects(
      pinSubPath(volume, path, `${root.path}/bad/${index}`),
      /out of the volume|must not contain '\.\.'|must not be an absolute path/,
    );
  }
  assert.deepEqual(await Array.fromAsync(Deno.readDir(secret)), []);
});

Deno.test("however fast a folder is exchanged for a link, its subPath shows the volume or fails", async () => {
  await using root = await folder();
  const [volume, secret] = [`${root.path}/volume`, `${root.path}/secret`];
  await Deno.mkdir(`${volume}/a/b`, { recursive: true });
  await Deno.mkdir(`${secret}/b`, { recursive: true });
  await Deno.writeTextFile(`${secret}/b/password`, "");
  const script = 'while :; do mv "$0/a" "$0/c" && ln -s "$1" "$0/a"; rm -f "$0/a"; mv "$0/c" "$0/a"; done 2>/dev/null';
  const attacker = new Deno.Command("sh", { args: ["-c", script, volume, secret] }).spawn();
  let shown = 0;
  for (let index = 0; index < 60; index++) {
    const place = await pinSubPath(volume, "a/b", `${root.path}/pinned/${index}`).catch(() => undefined);
    if (place === undefined) continue;
    shown++;
    assert.deepEqual(await Array.fromAsync(Deno.readDir(place)), []);
  }
  attacker.kill("SIGKILL");
  await attacker.status;
  assert.ok(shown > 0);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(secret))).map(({ name }) => name), ["b"]);
});

Deno.test("read-only all the way down means that submounts cannot be written either", async () => {
  await using root = await folder();
  await Deno.mkdir(`${root.path}/volume/below`, { recursive: true });
  await Deno.mkdir(`${root.path}/other`);
  await bindMount(`${root.path}/other`, `${root.path}/volume/below`);
  const shown = await pinReadOnly(`${root.path}/volume`, `${root.path}/shown`);
  await assert.rejects(Deno.writeTextFile(`${shown}/file`, ""), /Read-only/);
  await assert.rejects(Deno.writeTextFile(`${shown}/below/file`, ""), /Read-only/);
  await Deno.writeTextFile(`${root.path}/volume/below/file`, "still writable where it came from");
});

Deno.test("mounts are found and taken away when the folder is reached through a link", async () => {
  await using root = await folder();
  await Deno.mkdir(`${root.path}/disk/pod`, { recursive: true });
  await Deno.mkdir(`${root.path}/data`);
  await Deno.writeTextFile(`${root.path}/data/file`, "kept");
  await Deno.symlink(`${root.path}/disk`, `${root.path}/link`);
  await bindMount(`${root.path}/data`, `${root.path}/link/pod/volume`);
  assert.ok(await isMountPoint(`${root.path}/link/pod/volume`));
  await unmountBelow(`${root.path}/link/pod`);
  await Deno.remove(`${root.path}/link/pod`, { recursive: true });
  assert.equal(await Deno.readTextFile(`${root.path}/data/file`), "kept");
});

Deno.test("a local volume must be there, unless it is the node's own; what no one serves is refused by name", async () => {
  await using root = await folder();
  const options = {
    place: `${root.path}/place`,
    readOnly: false,
    ownFolder: `${root.path}/own`,
    ownership: { group: 9 },
  };
  const mount = (spec: object) => mountPersistentVolume({ apiVersion: "v1", kind: "PersistentVolume", spec }, options);
  await assert.rejects(mount({ local: { path: `${root.path}/absent` } }), /does not exist/);
  await assert.rejects(mount({ local: { path: `${root.path}/own/..` } }), /does not exist/);
  await assert.rejects(mount({ rbd: { image: "i" }, accessModes: [] }), /does not support rbd volumes/);
  const nfs = mountNfs({ server: "s", path: "/" }, options.place, {
    readOnly: false,
    helpers: [`${root.path}/absent`],
  });
  await assert.rejects(nfs, /need the program mount.nfs on this node \(Debian: package nfs-common/);
  await mount({ local: { path: `${root.path}/own/pvc-1` } });
  await Deno.writeTextFile(`${root.path}/place/file`, "kept");
  assert.equal(await Deno.readTextFile(`${root.path}/own/pvc-1/file`), "kept");
  assert.equal((await Deno.lstat(`${root.path}/own/pvc-1/file`)).gid, 9);
});
