/**
 * The config file: YAML with the names of the flags. What is wrong in it is reported with file, line and field, all at
 * once; an unknown name is an error, because a mistyped one would be ignored in silence otherwise.
 */
import { loadAll, YAMLException } from "js-yaml";
import { SettingsError, settingsSchema } from "./settings.ts";

export const defaultConfigFile = "/etc/d8s/config.yaml";

/** What the text sets; throws a `SettingsError` with a line for each fault. */
export function parseConfig(text: string, file: string): Record<string, unknown> {
  const document = parseYaml(text, file);
  if (document === null || document === undefined) return {};
  const checked = settingsSchema.partial().safeParse(document);
  if (checked.success) return document as Record<string, unknown>;
  const faults = checked.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => fault(text, file, [key], "there is no such setting; see d8s up --help"));
    }
    return [fault(text, file, issue.path, issue.message)];
  });
  throw new SettingsError(faults.join("\n"));
}

function parseYaml(text: string, file: string): unknown {
  try {
    return loadAll(text)[0];
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new SettingsError(`${file}:${(error.mark?.line ?? 0) + 1}: ${error.reason}`);
  }
}

function fault(text: string, file: string, path: readonly PropertyKey[], message: string): string {
  const field = path.map(String).join(".");
  return `${file}:${lineOf(text, path)}: ${field ? `${field}: ` : ""}${message}`;
}

/** Settings are one level deep, and lists are the deepest: the line of the key, or of the list's item below it. */
function lineOf(text: string, [key, index]: readonly PropertyKey[]): number {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => key !== undefined && line.replace(/["']/g, "").startsWith(`${String(key)}:`));
  if (at < 0) return 1;
  if (typeof index !== "number") return at + 1;
  const items = lines.flatMap((line, number) => number > at && /^\s*-\s/.test(line) ? [number] : []);
  return (items[index] ?? at) + 1;
}

/** Reads `path`, or the default file where none was named and it is there. */
export async function readConfig(path: string | undefined): Promise<Record<string, unknown>> {
  const file = path ?? defaultConfigFile;
  try {
    return parseConfig(await Deno.readTextFile(file), file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (path === undefined) return {};
    throw new SettingsError(`--config: there is no file ${file}`);
  }
}
