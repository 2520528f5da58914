/**
 * Every effect of a node agent, named, and a death at any of them. The agent knows nothing of it: what it acts through (the
 * engine, the client, files, CNI plugins) is wrapped from outside.
 *
 * An effect has two places to die: `in` it, when it was asked for and not answered, and `after` it. A change of a file is too
 * short to die in. mount(8) and umount(8) stand between changes of files: who dies after these, dies around them.
 */
import type { ContainerSpec, Engine } from "../../runtime/engine/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";

/** Told of an effect's place; may never return. */
export type Reached = (place: string) => void;

type Call = (...args: unknown[]) => Promise<unknown>;

export function failingEngine(engine: Engine, reached: Reached): Engine {
  const names = new Map<string, string>();
  const named = {
    create: async (spec: ContainerSpec) => {
      const name = spec.name.split("_")[1] ?? spec.name;
      const id = await effect(reached, `create ${name}`, () => engine.create(spec));
      names.set(id, name);
      return id;
    },
  };
  const verbs = ["start", "stop", "kill", "remove", "exec"] as const;
  const others = verbs.map((verb) => {
    const call = engine[verb].bind(engine) as unknown as Call;
    const wrapped = (...args: [string, ...unknown[]]) =>
      effect(reached, `${verb} ${names.get(args[0]) ?? "?"}`, () => call(...args));
    return [verb, wrapped] as const;
  });
  return { ...boundMethods(engine), ...named, ...Object.fromEntries(others) } as unknown as Engine;
}

export function failingClient(client: Client, reached: Reached): Client {
  const about = (verb: "patch" | "delete") => {
    const call = client[verb].bind(client) as unknown as Call;
    return (...args: [{ plural: string }, ...unknown[]]) => {
      const run = () => call(...args);
      return args[0].plural === "pods" ? effect(reached, `${verb} pod`, run) : run();
    };
  };
  return { ...boundMethods(client), patch: about("patch"), delete: about("delete") } as unknown as Client;
}

const fileCalls = ["mkdir", "writeTextFile", "writeFile", "rename", "remove", "symlink"] as const;

/** Files below the folders, and programs, of this whole process. */
export function failingSystem(folders: readonly string[], reached: Reached): void {
  for (const name of fileCalls) {
    const call = Deno[name].bind(Deno) as unknown as Call;
    const wrapped = (...args: [string, ...string[]]) => {
      const run = () => call(...args);
      const path = name === "rename" || name === "symlink" ? args[1]! : args[0];
      const folder = folders.find((one) => path.startsWith(one));
      if (folder === undefined) return run();
      return run().then((value) => {
        reached(`after ${name} ${stable(path.slice(folder.length))}`);
        return value;
      });
    };
    Object.defineProperty(Deno, name, { value: wrapped });
  }
  const Command = Deno.Command;
  const spawning = class extends Command {
    readonly #name: string;
    constructor(program: string, options: Deno.CommandOptions) {
      super(program, options);
      this.#name = `${options.env?.CNI_COMMAND ?? "run"} ${program.split("/").at(-1)}`;
    }
    override spawn() {
      const child = super.spawn();
      const output = child.output.bind(child);
      child.output = () => effect(reached, this.#name, output);
      return child;
    }
  };
  Object.defineProperty(Deno, "Command", { value: spawning });
}

async function effect<T>(reached: Reached, name: string, run: () => Promise<T>): Promise<T> {
  const answer = run();
  // By then the request has been sent.
  setTimeout(() => reached(`in ${name}`), 0);
  const value = await answer;
  reached(`after ${name}`);
  return value;
}

/** Names of files that differ from life to life are made the same, and control groups those of one controller. */
function stable(path: string): string {
  return path.replaceAll(/[0-9a-f]{64}/g, "ID").replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replace(/^[\w,]+(?=\/d8s-host-)/, "CONTROLLER").replaceAll(/\.\.\d{4}[\d_]+\.[0-9a-f]{16}/g, "..version");
}

function boundMethods<T extends object>(object: T): Record<string, unknown> {
  const names = new Set([...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))]);
  return Object.fromEntries(
    [...names].filter((name) => name !== "constructor").map((name) => {
      const value = object[name as keyof T];
      return [name, typeof value === "function" ? value.bind(object) : value];
    }),
  );
}
