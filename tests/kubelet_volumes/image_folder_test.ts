/** Archives beside the node, and a docker that loses its images. */
import assert from "node:assert/strict";
import { dockerEngine, loadImageFolder } from "../../runtime/engine/mod.ts";
import { busyboxImage, importBusybox } from "../support/busybox_image.ts";
import { testHost } from "../support/host.ts";

Deno.test("an archive is loaded once, and again when docker has lost its image", async () => {
  await using host = await testHost({ docker: true });
  await importBusybox(host);
  const folder = `${host.folder}/images`;
  await Deno.mkdir(folder);
  await host.run(["docker", "save", "--output", `${folder}/busybox.tar`, busyboxImage]);
  await Deno.writeTextFile(`${folder}/broken.tar`, "not an archive");
  const engine = dockerEngine({ host: host.dockerHost });
  const load = async () =>
    (await loadImageFolder(engine, folder)).filter(({ error }) => !error).map(({ path }) => path);
  await engine.removeImage(busyboxImage);
  assert.deepEqual(await load(), [`${folder}/busybox.tar`]);
  assert.deepEqual(await load(), []);
  await engine.removeImage(busyboxImage);
  assert.deepEqual(await load(), [`${folder}/busybox.tar`]);
  assert.ok(await engine.image(busyboxImage));
});
