/** Which entry of which Secret pulls an image. */
import assert from "node:assert/strict";
import { credentialsFor } from "../../controllers/kubelet/images/pull_credentials.ts";

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
const secret = (auths: object) => ({
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": base64(JSON.stringify({ auths })) },
});
const entry = (name: string) => ({ auth: base64(`${name}:pass:word`) });
const usersFor = (image: string, auths: object) =>
  credentialsFor(image, [secret(auths)]).map(({ username }) => username);

Deno.test("the entry that names the longest part of the image's path comes first", () => {
  const auths = { "reg.io": entry("all"), "https://reg.io/team": entry("team"), "other.io": entry("other") };
  assert.deepEqual(usersFor("reg.io/team/app:1", auths), ["team", "all"]);
  assert.deepEqual(usersFor("reg.io/teams/app@sha256:1", auths), ["all"]);
});

Deno.test("a glob stands for one label of a host, never for more", () => {
  const auths = { "*.reg.io": entry("glob") };
  assert.deepEqual(usersFor("eu.reg.io/app", auths), ["glob"]);
  assert.deepEqual(usersFor("a.eu.reg.io/app", auths), []);
  assert.deepEqual(usersFor("euxreg.io/app", auths), []);
});

Deno.test("images without a host are Docker Hub's, under the name that its files use", () => {
  const auths = { "https://index.docker.io/v1/": entry("hub") };
  assert.deepEqual(usersFor("busybox", auths), ["hub"]);
  assert.deepEqual(usersFor("docker.io/library/busybox:1", auths), ["hub"]);
  assert.deepEqual(usersFor("localhost:5000/busybox", auths), []);
});

Deno.test("passwords may hold colons; a Secret that can't be read names nobody", () => {
  const [found] = credentialsFor("reg.io/app", [secret({ "reg.io": entry("me") })]);
  assert.equal(found?.password, "pass:word");
  assert.deepEqual(
    credentialsFor("reg.io/app", [{ type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "@" } }]),
    [],
  );
});
