/** Reads the env files in a pod's volumes. Containers wrote them, so no symlink is followed on the way. */
import { ConfigError } from "../container/env.ts";
import { parseEnvFile } from "../container/env_file.ts";
import type { Container } from "../pod/pod.ts";
import { type Held, holdEntryIn, holdFolder, holdFolderIn } from "../volumes/inside_folder.ts";

const maxBytes = 64 * 1024;

/** By `volume/path`; a file that isn't there is absent. Throws a `ConfigError` for one that can't be read. */
export async function readEnvFiles(
  { env = [] }: Container,
  volumes: ReadonlyMap<string, string>,
): Promise<Map<string, ReadonlyMap<string, string>>> {
  const files = new Map<string, ReadonlyMap<string, string>>();
  for (const { valueFrom } of env) {
    if (!valueFrom?.fileKeyRef) continue;
    const { volumeName, path } = valueFrom.fileKeyRef;
    const folder = volumes.get(volumeName);
    const values = folder === undefined ? undefined : await readEnvFile(folder, path);
    if (values) files.set(`${volumeName}/${path}`, values);
  }
  return files;
}

async function readEnvFile(folder: string, path: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    await using root = await holdFolder(folder);
    return parseEnvFile(await readInside(root, path.split("/")));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw new ConfigError(`couldn't read env file ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

async function readInside(folder: Held, [name = "", ...rest]: readonly string[]): Promise<string> {
  if (name === "..") throw new RangeError("must not contain '..'");
  if (rest.length > 0) {
    await using next = await holdFolderIn(folder, name);
    return await readInside(next, rest);
  }
  await using file = await holdEntryIn(folder, name);
  const { size, isFile } = await Deno.stat(file.path);
  if (!isFile || size > maxBytes) throw new RangeError(`must be a file of at most ${maxBytes} bytes`);
  return await Deno.readTextFile(file.path);
}
