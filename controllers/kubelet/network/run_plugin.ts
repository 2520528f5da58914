/** Runs CNI plugins as the processes that they are. */
import { CniError, type RunPlugin } from "./cni.ts";

/** A plugin reports its refusals as JSON on stdout (CNI specification, section 5, "Error"). */
export function pluginRunner(binDirs: readonly string[]): RunPlugin {
  return async (plugin, env, input) => {
    const child = new Deno.Command(await findPlugin(plugin, binDirs), {
      env: { ...env, CNI_PATH: binDirs.join(":") },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    const text = new TextDecoder().decode(stdout);
    if (success) return text;
    throw new CniError(
      `plugin type="${plugin}" failed (${env.CNI_COMMAND?.toLowerCase()}): ${messageOf(text, stderr)}`,
    );
  };
}

async function findPlugin(plugin: string, binDirs: readonly string[]): Promise<string> {
  for (const dir of binDirs) {
    const path = `${dir}/${plugin}`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  throw new CniError(`failed to find plugin "${plugin}" in path [${binDirs.join(" ")}]`);
}

function messageOf(text: string, stderr: Uint8Array): string {
  try {
    const { msg, details } = JSON.parse(text) as { msg?: string; details?: string };
    return [msg, details].filter(Boolean).join(": ");
  } catch {
    return text.trim() || new TextDecoder().decode(stderr).trim() || "no reason given";
  }
}
