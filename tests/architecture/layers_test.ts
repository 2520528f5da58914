/** Who may import whom, and that nothing goes in circles. README, "Rooms", in words; here as a table. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname!, "../..");

/** Rooms from the bottom up. A room may import those of lower layers, its own layer's as said in `sideways`, and itself. */
const layers: readonly (readonly string[])[] = [
  ["runtime/schema", "runtime/loop", "runtime/cel"],
  ["runtime/store"],
  ["runtime/api", "runtime/auth", "runtime/client", "runtime/engine", "runtime/cli"],
  ["controllers", "network"],
  ["mod.ts"],
  ["tests"],
];

/** Arrows within a layer, each with its reason. */
const sideways: Readonly<Record<string, readonly string[]>> = {
  // Loops work on objects.
  "runtime/loop": ["runtime/schema"],
  // Expressions look at typed objects and count in quantities.
  "runtime/cel": ["runtime/schema"],
  // The server asks who somebody is.
  "runtime/api": ["runtime/auth"],
  // The in-process client calls the API server's operations.
  "runtime/client": ["runtime/api", "runtime/auth"],
  // Commands put the rest of the runtime together.
  "runtime/cli": ["runtime/api", "runtime/auth", "runtime/client", "runtime/engine"],
};

function roomOf(path: string): string | undefined {
  return layers.flat().find((room) => path === room || path.startsWith(`${room}/`));
}

function layerOf(room: string): number {
  return layers.findIndex((rooms) => rooms.includes(room));
}

/** The reason why `from` may not import `to`; undefined: it may. */
function refusal(from: string, to: string): string | undefined {
  const [importer, imported] = [roomOf(from), roomOf(to)];
  if (!importer) return "it is in no room";
  if (!imported) return `${to} is in no room`;
  if (importer === imported || sideways[importer]?.includes(imported)) return undefined;
  const [upper, lower] = [layerOf(importer), layerOf(imported)];
  if (upper === lower) return `${importer} and ${imported} don't know each other`;
  return upper < lower ? `${importer} is below ${imported}` : undefined;
}

interface Import {
  readonly from: string;
  readonly to: string;
  /** Erased when it runs, so a circle of these is none. */
  readonly typeOnly: boolean;
}

async function sources(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) found.push(...await sources(path));
    else if (/\.tsx?$/.test(entry.name)) found.push(path);
  }
  return found.sort();
}

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"/gm;

async function importsOf(path: string): Promise<Import[]> {
  const text = await Deno.readTextFile(join(root, path));
  // Code in comments and in templates (scripts for other processes) imports nothing.
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(statement)].map(([, type, target, dynamic]) => ({
    from: path,
    to: relative(root, join(root, dirname(path), target ?? dynamic ?? "")),
    // A lazy import runs when its importer is complete.
    typeOnly: type !== undefined || dynamic !== undefined,
  }));
}

async function allImports(): Promise<Import[]> {
  const rooms = ["runtime", "controllers", "network", "tests"];
  const files = ["mod.ts", ...(await Promise.all(rooms.map(sources))).flat()];
  return (await Promise.all(files.map(importsOf))).flat();
}

/** The first circle of imports found, as the files on it. */
function circle(imports: readonly Import[]): string[] | undefined {
  const targets = Map.groupBy(imports.filter(({ typeOnly }) => !typeOnly), ({ from }) => from);
  const finished = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const { to } of targets.get(file) ?? []) {
      const found = visit(to, [...trail, file]);
      if (found) return found;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of targets.keys()) {
    const found = visit(file, []);
    if (found) return found;
  }
  return undefined;
}

Deno.test("every import goes down the layers", async () => {
  const wrong = (await allImports()).flatMap(({ from, to }) => {
    const reason = refusal(from, to);
    return reason ? [`${from} imports ${to}: ${reason}`] : [];
  });
  assert.deepEqual(wrong, []);
});

Deno.test("no imports go in a circle", async () => {
  assert.equal(circle(await allImports())?.join("\n  -> "), undefined);
});

Deno.test("the layer test sees a wrong arrow and a circle", () => {
  assert.match(refusal("runtime/store/store.ts", "network/mod.ts") ?? "", /below/);
  assert.match(refusal("network/mod.ts", "controllers/mod.ts") ?? "", /don't know each other/);
  assert.equal(refusal("network/mod.ts", "runtime/loop/mod.ts"), undefined);
  const arrow = (from: string, to: string) => ({ from, to, typeOnly: false });
  assert.deepEqual(circle([arrow("a", "b"), arrow("b", "c"), arrow("c", "b")]), ["b", "c", "b"]);
});
