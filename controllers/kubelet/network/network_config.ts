/** The network configuration in force: the first file by name in the CNI configuration folder, as every runtime takes it. */
import type { NetworkList } from "./cni.ts";

/** `undefined` when there is none (yet). Throws with the file's name when the first one can't be read. */
export async function readNetworkConfig(folder: string): Promise<NetworkList | undefined> {
  const name = (await fileNames(folder)).sort().find((one) => /\.(conflist|conf|json)$/.test(one));
  if (name === undefined) return undefined;
  const path = `${folder}/${name}`;
  try {
    return parseNetworkConfig(await Deno.readTextFile(path));
  } catch (error) {
    throw new Error(`cni config ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** A list, or a single plugin, which is a list of one. */
export function parseNetworkConfig(text: string): NetworkList {
  const config = JSON.parse(text);
  const { cniVersion = "0.2.0", name, plugins = [config] } = config;
  if (typeof name !== "string" || name === "") throw new Error("network has no name");
  if (!Array.isArray(plugins) || plugins.length === 0) throw new Error(`network "${name}" has no plugins`);
  return { cniVersion, name, plugins };
}

async function fileNames(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).filter(({ isFile, isSymlink }) => isFile || isSymlink)
      .map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
