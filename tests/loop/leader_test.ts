import assert from "node:assert/strict";
import { type Client, done, runControllers, signalled, systemClock } from "../../runtime/loop/mod.ts";
import { Lease, StatusError } from "../../runtime/schema/mod.ts";
import { type ApiServer, apiServer } from "../support/api_server.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";

const lease = { namespace: "kube-system", name: "d8s-controllers" };

function candidate(identity: string, client: Client, clock = systemClock) {
  let working = false;
  const started = Promise.withResolvers<void>();
  const value = {
    name: "led",
    sources: [signalled()],
    start() {
      working = true;
      started.resolve();
    },
    reconcile: () => Promise.resolve(done),
    stop() {
      working = false;
    },
  };
  const { signal } = new AbortController();
  const running = runControllers([value], { client, clock, signal, identity, leaderElection: {} });
  return { running, started: started.promise, isWorking: () => working };
}

/** Waits for what a real server answers while time stands still. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await settle();
}

const holder = async ({ client }: ApiServer) => (await client.get(Lease, lease))?.spec?.holderIdentity;

Deno.test("one of two leads, and a clean stop hands over without waiting for the Lease to run out", async () => {
  await using server = await apiServer();
  // Time stands still: whoever waited for an expiry would wait forever.
  const clock = new VirtualClock();
  const first = candidate("first", server.client, clock);
  await first.started;
  const second = candidate("second", server.client, clock);
  await settle();
  assert.equal(second.isWorking(), false);
  await first.running.stop();
  assert.equal(first.isWorking(), false);
  await second.started;
  const { spec } = (await server.client.get(Lease, lease))!;
  assert.deepEqual([spec?.holderIdentity, spec?.leaseDurationSeconds, spec?.leaseTransitions], ["second", 15, 1]);
  await second.running.stop();
  assert.equal(await holder(server), "");
});

Deno.test("a leader that cannot renew stops before another may start, and the other takes over after", async () => {
  await using server = await apiServer();
  const clock = new VirtualClock();
  let cut = false;
  const refuse = () => Promise.reject(new StatusError("ServiceUnavailable", "cut off"));
  const half: Client = {
    ...server.client,
    get: (kind, ref) => cut ? refuse() : server.client.get(kind, ref),
    update: (kind, object) => cut ? refuse() : server.client.update(kind, object),
  };
  const first = candidate("first", half, clock);
  await first.started;
  const second = candidate("second", server.client, clock);
  await settle();
  cut = true;
  while (!second.isWorking()) {
    await clock.advance(1000);
    assert.ok(!(first.isWorking() && second.isWorking()), "two lead");
  }
  assert.equal(first.isWorking(), false);
  await second.started;
  await Promise.all([first.running.stop(), second.running.stop()]);
});

Deno.test("a leader whose Lease was taken stops at its next renewal", async () => {
  await using server = await apiServer();
  const clock = new VirtualClock();
  const first = candidate("first", server.client, clock);
  await first.started;
  const body = { spec: { holderIdentity: "thief" } };
  await server.client.patch(Lease, lease, { type: "merge", body });
  await clock.advance(5000);
  await until(() => !first.isWorking());
  assert.equal(await holder(server), "thief");
  await first.running.stop();
});
