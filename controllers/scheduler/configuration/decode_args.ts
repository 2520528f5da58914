/** A plugin's arguments from the file, strictly: a mistyped one is never ignored in silence. */
import type { z } from "zod";
import { faultsOf } from "../../../runtime/auth/structured/decoding.ts";

const group = "kubescheduler.config.k8s.io";

/** Throws an Error that names the plugin and the field. */
export function decodedArgs<S extends z.ZodType>(plugin: string, schema: S, raw: unknown): z.output<S> {
  const { apiVersion, kind, ...rest } = (raw ?? {}) as { apiVersion?: unknown; kind?: unknown };
  const wanted = `${plugin}Args`;
  if (kind !== undefined && kind !== wanted) {
    throw new Error(`args for plugin ${plugin} were not of type ${wanted}.${group}, got ${kind}.${group}`);
  }
  if (apiVersion !== undefined && apiVersion !== `${group}/v1`) {
    throw new Error(
      `decoding args for plugin ${plugin}: no kind "${wanted}" is registered for version "${apiVersion}"`,
    );
  }
  const checked = schema.safeParse(rest);
  if (checked.success) return checked.data;
  throw new Error(`decoding args for plugin ${plugin}: ${checked.error.issues.flatMap(faultsOf).join(", ")}`);
}
