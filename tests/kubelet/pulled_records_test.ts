/** For whom the images of a node are, as written down; and which names images may have. */
import assert from "node:assert/strict";
import { defaultConfiguration } from "../../controllers/kubelet/configuration/mod.ts";
import { refuseImageName } from "../../controllers/kubelet/images/image_name.ts";
import { PulledRecords } from "../../controllers/kubelet/images/pulled_records.ts";

const image = (id: string) => ({ id: `sha256:${id}`, tags: [], digests: [], sizeBytes: 1, labels: {}, user: "" });
const key = (password: string) => ({ server: "reg.io", username: "me", password });

async function records(policy: object = {}) {
  const folder = await Deno.makeTempDir({ prefix: "d8s-images-" });
  const again = () => new PulledRecords(folder, { ...defaultConfiguration, ...policy });
  return { again, folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test("a pull whose end nobody saw makes its image nobody's; what no image has any more is forgotten", async () => {
  await using kept = await records();
  const before = kept.again();
  for (const [id, credential] of [["a", key("one")], ["b", undefined], ["gone", key("one")]] as const) {
    await before.intend(`reg.io/${id}`);
    await before.settle(`reg.io/${id}`, image(id), { credential });
  }
  await before.intend("reg.io/cut:1");
  await before.intend("reg.io/failed:1");
  await before.settle("reg.io/failed:1", undefined);

  const after = kept.again();
  const present = ["a", "b", "cut", "other"].map(image);
  await after.recover(present, (reference) => Promise.resolve(reference === "reg.io/cut:1" ? image("cut") : undefined));
  const mayUse = (id: string, ...passwords: string[]) => after.mayUse(image(id), `reg.io/${id}`, passwords.map(key));
  assert.deepEqual(await Promise.all([mayUse("a"), mayUse("a", "two"), mayUse("a", "two", "one")]), [
    false,
    false,
    true,
  ]);
  assert.deepEqual(await Promise.all([mayUse("b"), mayUse("cut", "one"), mayUse("other")]), [true, false, true]);
  const names = async (folder: string) => (await Array.fromAsync(Deno.readDir(`${kept.folder}/${folder}`))).length;
  assert.deepEqual([await names("pulled"), await names("pulling")], [3, 0]);
  const texts = await Promise.all(
    (await Array.fromAsync(Deno.readDir(`${kept.folder}/pulled`))).map(({ name }) =>
      Deno.readTextFile(`${kept.folder}/pulled/${name}`)
    ),
  );
  assert.doesNotMatch(texts.join(), /one|"me"/);
});

Deno.test("the policy says whether images that somebody else brought are anybody's", async () => {
  const brought = async (policy: string, list: string[] = []) => {
    await using kept = await records({
      imagePullCredentialsVerificationPolicy: policy,
      preloadedImagesVerificationAllowlist: list,
    });
    return await kept.again().mayUse(image("a"), "reg.io/team/app:1", []);
  };
  assert.equal(await brought("NeverVerify"), true);
  assert.equal(await brought("NeverVerifyPreloadedImages"), true);
  assert.equal(await brought("AlwaysVerify"), false);
  assert.equal(await brought("NeverVerifyAllowlistedImages"), false);
  assert.equal(await brought("NeverVerifyAllowlistedImages", ["reg.io/team/*"]), true);
  assert.equal(await brought("NeverVerifyAllowlistedImages", ["reg.io/team/app"]), true);
  assert.equal(await brought("NeverVerifyAllowlistedImages", ["reg.io/tea/*", "reg.io/team/ap"]), false);
});

Deno.test("names of images are those that a registry could have", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const good = [
    "a",
    "busybox:1.36",
    "reg.io:5000/a/b_c/d-e.f:Tag_1",
    `a@${digest}`,
    "localhost/a",
    "[::1]:5000/a",
    digest,
  ];
  for (const name of [...good, `r.io/a:1@${digest}`]) assert.equal(refuseImageName(name), undefined, name);
  for (
    const name of [
      "",
      "Bad Image",
      "a b",
      "a:",
      "/a",
      "a//b",
      "a/",
      "-a",
      "a@sha256:1",
      "http://a",
      "a:b:c",
      "a-".repeat(500_000),
    ]
  ) {
    assert.match(refuseImageName(name) ?? "", /invalid reference format$/, name);
  }
  assert.match(refuseImageName("reg.io/App") ?? "", /repository name must be lowercase$/);
});
