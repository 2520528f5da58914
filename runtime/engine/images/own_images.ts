/**
 * The two images that a node makes itself, so that it runs pods on a machine that no registry can be reached from:
 * `d8s.local/pause:1` (the sandbox) and `d8s.local/deno:1` (the Deno that runs d8s, with the libraries it links).
 *
 * Law: an image is made only when the one that is there was made from something else; its label says what from.
 */
import type { Engine } from "../engine.ts";
import { linkedLibraries } from "./linked_libraries.ts";
import { type Architecture, pauseElf } from "./pause_elf.ts";
import { type TarEntry, tarStream } from "./tar.ts";

export const pauseImage = "d8s.local/pause:1";
export const denoImage = "d8s.local/deno:1";

const contentLabel = "io.d8s.content";
const nonroot = 65532;
const certificates = "/etc/ssl/certs/ca-certificates.crt";

interface Recipe {
  readonly reference: string;
  /** Changes with what the image would hold. */
  readonly content: string;
  readonly entries: readonly TarEntry[];
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
}

export async function ensurePauseImage(engine: Engine): Promise<void> {
  await ensure(engine, await pauseRecipe(architectureOf(Deno.build.arch)));
}

export async function ensureDenoImage(engine: Engine, executable: string = Deno.execPath()): Promise<void> {
  await ensure(engine, await denoRecipe(executable));
}

function architectureOf(arch: typeof Deno.build.arch): Architecture {
  return arch === "aarch64" ? "arm64" : "amd64";
}

async function ensure(engine: Engine, { reference, content, entries, changes }: Recipe): Promise<void> {
  const present = await engine.image(reference);
  if (present?.labels[contentLabel] === content) return;
  await engine.importImage(tarStream(entries), reference, [...changes, `LABEL ${contentLabel}=${content}`]);
}

export async function pauseRecipe(architecture: Architecture): Promise<Recipe> {
  const bytes = pauseElf(architecture);
  return {
    reference: pauseImage,
    content: await sha256(bytes),
    entries: [{ type: "bytes", path: "pause", mode: 0o755, bytes }],
    changes: ['ENTRYPOINT ["/pause"]'],
  };
}

export async function denoRecipe(executable: string): Promise<Recipe> {
  const libraries = await linkedLibraries(executable);
  const files = [{ path: "/usr/bin/deno", source: await Deno.realPath(executable) }, ...libraries];
  if (await exists(certificates)) files.push({ path: certificates, source: await Deno.realPath(certificates) });
  return {
    reference: denoImage,
    content: await sha256(new TextEncoder().encode(JSON.stringify([layout, await fingerprints(files)]))),
    entries: [...directories(files.map(({ path }) => path)), ...accounts, ...files.map(fileEntry)],
    changes: ['ENTRYPOINT ["/usr/bin/deno"]', 'CMD ["repl"]', "ENV DENO_DIR=/tmp/deno", "USER 65532:65532"],
  };
}

/** Counts up when the entries beside the files change. */
const layout = 1;

const accounts: readonly TarEntry[] = [
  textEntry(
    "etc/passwd",
    `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${nonroot}:${nonroot}:nonroot:/tmp:/sbin/nologin\n`,
  ),
  textEntry("etc/group", `root:x:0:\nnonroot:x:${nonroot}:\n`),
  textEntry("etc/nsswitch.conf", "hosts: files dns\n"),
];

function textEntry(path: string, text: string): TarEntry {
  return { type: "bytes", path, mode: 0o644, bytes: new TextEncoder().encode(text) };
}

function fileEntry({ path, source }: { path: string; source: string }): TarEntry {
  return { type: "file", path: path.slice(1), source, mode: path.endsWith(".crt") ? 0o644 : 0o755 };
}

/** Every folder above the files, parents first, and a /tmp that anybody may write. */
function directories(paths: readonly string[]): TarEntry[] {
  const folders = new Set<string>(["etc"]);
  for (const path of paths) {
    const parts = path.split("/").slice(1, -1);
    parts.forEach((_, index) => folders.add(parts.slice(0, index + 1).join("/")));
  }
  const entries = [...folders].map((path): TarEntry => ({ type: "directory", path: `${path}/`, mode: 0o755 }));
  return [...entries, { type: "directory", path: "tmp/", mode: 0o1777 }];
}

/** Size and time stand for the content: reading a hundred megabytes at every start would cost more than it saves. */
function fingerprints(files: readonly { path: string; source: string }[]): Promise<unknown[]> {
  return Promise.all(files.map(async ({ path, source }) => {
    const { size, mtime } = await Deno.stat(source);
    return [path, size, mtime?.getTime()];
  }));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
