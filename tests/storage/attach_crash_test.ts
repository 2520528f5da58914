import assert from "node:assert/strict";
import { attachDetach } from "../../controllers/attach_detach.ts";
import { attachmentName } from "../../controllers/objects/csi_attachment.ts";
import { Node, Pod, VolumeAttachment } from "../../runtime/schema/mod.ts";
import { testCluster } from "../controllers/cluster.ts";
import { type Death, dyingClient, type WriteLog } from "../controllers/dying_client.ts";
import { driverName } from "./csi_driver.ts";
import { createDisk, createUser } from "./disk.ts";

Deno.test("killed at any of its writes, the loop attaches once, and the node's status lets go before the volume does", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "here" } });
  await createDisk(client);
  const name = attachmentName({ driver: driverName, handle: "disk" }, "here");
  /** Runs the loop until it dies, and then one that lives; the world moves on when `reached`. */
  const through = async (death: Death, log: WriteLog, reached: () => Promise<unknown>) => {
    const died = Promise.withResolvers<void>();
    const first = cluster.run([attachDetach], dyingClient(client, death, { log, die: died.resolve }));
    await Promise.race([died.promise, reached()]);
    await first.stop();
    const second = cluster.run([attachDetach], dyingClient(client, { atWrite: 0, when: "before" }, { log, die() {} }));
    await reached();
    await second.stop();
  };
  for (const when of ["before", "after"] as const) {
    for (const atWrite of [1, 2]) {
      const death = { atWrite, when };
      const log: WriteLog = { done: [] };
      await createUser(client, "user", "here");
      await through(death, log, () => until(VolumeAttachment, { name }, (one) => one !== undefined));
      const body = { status: { attached: true } };
      await client.patch(VolumeAttachment, { name }, { type: "merge", body }, { subresource: "status" });
      const named = (count: number) => () =>
        until(Node, { name: "here" }, (node) => (node?.status?.volumesAttached ?? []).length === count);
      await through(death, log, named(1));
      await client.delete(Pod, { namespace: "default", name: "user" }, { gracePeriodSeconds: 0 });
      await through(death, log, () => until(VolumeAttachment, { name }, (one) => one === undefined));
      assert.deepEqual(log.done, ["create VolumeAttachment", "patch Node", "patch Node", "delete VolumeAttachment"]);
      await named(0)();
    }
  }
});
