/** d8s on a test host as its user has it: `up` in a terminal, kubectl and curl in another. */
import assert from "node:assert/strict";
import { type TestHost } from "../support/host.ts";
import type { RunResult } from "../support/run_command.ts";

export const root = new URL("../../", import.meta.url).pathname;

/** Longest wait for anything that a person would wait for. */
const patienceMs = 90_000;

export function d8s(...args: string[]): string[] {
  return [Deno.execPath(), "run", "--quiet", "--allow-all", `${root}mod.ts`, ...args];
}

/** A d8s command that stays in the foreground, and what it has printed so far. */
export class Foreground {
  readonly child: Deno.ChildProcess;
  #output = "";
  #ended: Promise<void>;

  constructor(host: TestHost, ...args: string[]) {
    const [program = "", ...rest] = host.enter(["sh", "-c", 'exec "$0" "$@" 2>&1', ...d8s(...args)], root);
    this.child = new Deno.Command(program, { args: rest, env: environmentOf(host), stdin: "null", stdout: "piped" })
      .spawn();
    this.#ended = this.#read();
  }

  get output(): string {
    return this.#output;
  }

  /** Until it has printed this. Fails with all that it printed when it ends before. */
  async printed(pattern: RegExp): Promise<void> {
    let ended = false;
    void this.#ended.then(() => ended = true);
    await until(`${pattern} in the output`, () => {
      assert.ok(!ended || pattern.test(this.#output), `it ended without printing ${pattern}:\n${this.#output}`);
      return pattern.test(this.#output);
    }).catch((error) => assert.fail(`${error.message}:\n${this.#output}`));
  }

  /** Its exit code, and the milliseconds it took to end. */
  async end(signal: Deno.Signal): Promise<{ code: number; ms: number }> {
    const before = performance.now();
    this.child.kill(signal);
    const { code } = await this.child.status;
    await this.#ended;
    return { code, ms: performance.now() - before };
  }

  async #read(): Promise<void> {
    for await (const text of this.child.stdout.pipeThrough(new TextDecoderStream())) this.#output += text;
  }
}

export function environmentOf(host: TestHost): Record<string, string> {
  return {
    ...Deno.env.toObject(),
    DOCKER_HOST: host.dockerHost,
    KUBECONFIG: `${host.folder}/kubeconfig`,
    NO_COLOR: "1",
  };
}

/** Asks again until it holds. The one place where these tests wait: what they watch is other processes. */
export async function until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + patienceMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      last = await holds();
      if (last) return last as NonNullable<T>;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`gave up waiting for ${what}; last: ${last}`);
}

export type Kubectl = (...args: string[]) => Promise<string>;

/** kubectl in the host; throws with its words when it fails. */
export function kubectlIn(host: TestHost, path: string): Kubectl {
  return async (...args) => (await host.run([path, ...args])).stdout;
}

export function shell(host: TestHost, script: string): Promise<RunResult> {
  return host.run(["sh", "-c", script]);
}

/**
 * Ids and start times of the containers of the three pods of the example, as soon as there are these six and no other:
 * what must not change while d8s is away.
 */
export function containers(host: TestHost): Promise<string[]> {
  const list = "docker ps -q --no-trunc | xargs -r docker inspect -f '{{.Id}} {{.State.StartedAt}}'";
  return until("six containers", async () => {
    const lines = (await shell(host, list)).stdout.trim().split("\n").sort();
    return lines.length === 6 ? lines : undefined;
  });
}
