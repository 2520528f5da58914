/**
 * Loops that are killed at any of their writes, look late, or miss what happened (in the spirit of Sieve, OSDI '22): they
 * must bring about what they bring about undisturbed, with as many creations and deletions.
 */
import assert from "node:assert/strict";
import { type Client, type Controller, type Informers, mapped } from "../../../runtime/loop/mod.ts";
import { newPrivateKey, tokenIssuer } from "../../../runtime/auth/mod.ts";
import { type Kind, Namespace, ServiceAccount, type Stored } from "../../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "../cluster.ts";
import { dyingClient, loggingClient, type WriteLog } from "../dying_client.ts";
import { forgetfulClient, lateClient } from "./bad_sight.ts";
import { fastClock } from "./fast_clock.ts";
import { sameState } from "./same_state.ts";

/** One line of the table: loops, a world, and what is there in the end. */
export interface Story {
  readonly title: string;
  /** Those that are killed. */
  readonly loops: () => readonly Controller[];
  /** Those that play the others, and live. */
  readonly world?: () => readonly Controller[];
  /** What is there before they start. */
  readonly begin: (stage: Stage) => Promise<void>;
  /** The kinds whose objects are compared. */
  readonly kinds: readonly Kind<unknown>[];
  readonly ended: (state: State) => boolean;
  /** How much faster time goes. Default 1. */
  readonly speed?: number;
}

export interface State {
  of<T>(kind: Kind<T>): readonly Stored<T>[];
  one<T>(kind: Kind<T>, name: string): Stored<T> | undefined;
}

export interface Stage {
  readonly client: Client;
  /** In the namespace `work`, where the kind has namespaces. */
  make<T>(kind: Kind<T>, name: string, rest?: object): Promise<Stored<T>>;
  setStatus<T>(kind: Kind<T>, name: string, status: object): Promise<void>;
  patch<T>(kind: Kind<T>, name: string, body: object): Promise<void>;
  remove<T>(kind: Kind<T>, name: string, options?: Parameters<Client["delete"]>[2]): Promise<void>;
  /** Runs the loops, unharmed, until there is what the test says. */
  play(loops: readonly Controller[], test: (state: State) => boolean): Promise<void>;
}

interface Life {
  readonly atWrite?: number;
  /** How the loops see the world. */
  readonly sees?: string;
  readonly sight?: (client: Client) => Client;
  readonly speed?: number;
}

interface Outcome {
  readonly state: readonly string[];
  /** Creations and deletions by kind, as often as they were done. */
  readonly work: readonly string[];
  readonly writes: number;
  readonly ended: boolean;
}

/** Longer than any story; what has not ended by then never will. */
const patienceMs = 15_000;

/** Of ServiceAccount tokens; PEM. */
export const serviceAccountKey = await newPrivateKey();

const tokens = tokenIssuer({ key: serviceAccountKey, lookup: () => Promise.resolve(undefined) });

/** They mostly wait. */
const atOnce = 6;

export async function survives(story: Story): Promise<void> {
  const expected = await live(story, {}, story.ended);
  assert.ok(expected.ended, `undisturbed it does not end: ${expected.state.join("\n")}`);
  assert.ok(expected.writes > 0, "they write nothing");
  const isSame = (state: State) => sameJson(snapshot(story, state), expected.state);
  const lives: Life[] = Array.from({ length: expected.writes }, (_, index) => ({ atWrite: index + 1 }));
  lives.push({ sees: "late", sight: (client) => lateClient(client, seeded(1)), speed: 250 });
  lives.push({ atWrite: Math.ceil(expected.writes / 2), sees: "with gaps", sight: forgetfulClient, speed: 100 });
  const check = async (life: Life) => {
    const { state, work } = await live(story, life, isSame);
    const told = `${life.atWrite === undefined ? "unharmed" : `killed at write ${life.atWrite}`}, ${
      life.sees ?? "well"
    }`;
    assert.deepEqual(onlyIn(state, expected.state), onlyIn(expected.state, state), `${told}: it ends differently`);
    assert.deepEqual(work, expected.work, `${told}: it does other work`);
  };
  for (let from = 0; from < lives.length; from += atOnce) {
    await Promise.all(lives.slice(from, from + atOnce).map(check));
  }
}

/** What differs, so that a failure can be read. */
function onlyIn(some: readonly string[], others: readonly string[]): string[] {
  return some.filter((one) => !others.includes(one) || some.length !== others.length);
}

async function live(story: Story, life: Life, test: (state: State) => boolean): Promise<Outcome> {
  await using cluster = await testCluster({ tokens });
  const { client } = cluster;
  const work = { name: "work" };
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: work });
  const account = { namespace: "work", name: "default" };
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  const clock = fastClock(Math.max(story.speed ?? 1, life.speed ?? 1));
  const run = (loops: readonly Controller[], client: Client) => cluster.run(loops, client, clock);
  await using world = cluster.run(story.world?.() ?? []);
  await using view = viewOf(cluster, story.kinds);
  await story.begin(stageOf(cluster, view));
  const log: WriteLog = { done: [] };
  const { atWrite, sight = (client: Client) => client } = life;
  if (atWrite !== undefined) {
    const died = Promise.withResolvers<void>();
    const mortal = dyingClient(client, { atWrite, when: "after" }, { log, die: died.resolve });
    const first = run(story.loops(), sight(mortal));
    await Promise.race([died.promise, view.until(test)]);
    await first.stop();
  }
  const last = run(story.loops(), sight(loggingClient(client, log)));
  const ended = await view.until(test);
  await last.stop();
  await world.stop();
  return { ...outcomeOf(log), state: snapshot(story, view.state), ended };
}

function outcomeOf({ done }: WriteLog): Pick<Outcome, "work" | "writes"> {
  return { work: done.filter((write) => /^(create|delete) /.test(write)).sort(), writes: done.length };
}

function snapshot({ kinds }: Story, state: State): string[] {
  return sameState(kinds.flatMap((kind) => state.of(kind)));
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

interface View extends AsyncDisposable {
  readonly state: State;
  /** Whether it passed before the patience was over. */
  until(test: (state: State) => boolean): Promise<boolean>;
}

function viewOf(cluster: TestCluster, kinds: readonly Kind<unknown>[]): View {
  const looks = new Set<() => void>();
  const synced = Promise.withResolvers<void>();
  const look = () => looks.forEach((one) => one());
  const viewer: Controller = {
    name: "viewer",
    sources: kinds.map((kind) => mapped(kind, () => (look(), []))),
    start: ({ informers }) =>
      void Promise.all(kinds.map((kind) => informers.of(kind).synced)).then(() => synced.resolve()),
    reconcile: () => Promise.reject(new Error("nothing is due")),
  };
  const running = cluster.run([viewer]);
  const state = stateOf(running.informers);
  return {
    state,
    async until(test) {
      await synced.promise;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), patienceMs);
      const one = () => void (test(state) && resolve(true));
      looks.add(one);
      one();
      return await promise.finally(() => looks.delete(one) && clearTimeout(timer));
    },
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

function stateOf(informers: Informers): State {
  return {
    of: (kind) => informers.of(kind).list(),
    one: (kind, name) => informers.of(kind).list().find(({ metadata }) => metadata.name === name),
  };
}

function stageOf({ client, run }: TestCluster, view: View): Stage {
  const refIn = (kind: Kind<unknown>, name: string) => kind.namespaced ? { namespace: "work", name } : { name };
  return {
    client,
    make(kind, name, rest = {}) {
      const { metadata = {}, ...fields } = rest as { metadata?: object };
      const { apiVersion, kind: named } = kind;
      const object = { apiVersion, kind: named, metadata: { ...refIn(kind, name), ...metadata }, ...fields };
      return client.create(kind, object as never);
    },
    async setStatus(kind, name, status) {
      const patch = { type: "merge" as const, body: { status } as never };
      await client.patch(kind, refIn(kind, name), patch, { subresource: "status" });
    },
    async patch(kind, name, body) {
      await client.patch(kind, refIn(kind, name), { type: "merge", body: body as never });
    },
    remove: (kind, name, options) => client.delete(kind, refIn(kind, name), options),
    async play(loops, test) {
      await using _running = run(loops);
      assert.ok(await view.until(test), "what comes before the story does not end");
    },
  };
}

/** mulberry32. */
function seeded(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at + 0x6D2B79F5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
