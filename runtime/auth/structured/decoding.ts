/** Configuration files of the API server and the scheduler: strictly decoded, so that a mistyped field is never a gate left open. */
import type { z } from "zod";

export interface ConfigurationKind<T extends z.ZodType> {
  readonly kind: string;
  readonly schema: T;
  /** Absent: those of the API server's own. */
  readonly apiVersions?: readonly string[];
}

const group = "apiserver.config.k8s.io";
const versions = ["v1", "v1beta1"].map((version) => `${group}/${version}`);

/** Throws an Error that names the field. */
export function decoded<T extends z.ZodType>(
  { kind, schema, apiVersions = versions }: ConfigurationKind<T>,
  document: unknown,
): z.output<T> {
  const { kind: found, apiVersion, ...rest } = (document ?? {}) as { kind?: unknown; apiVersion?: unknown };
  if (typeof found !== "string") throw new Error(`Object 'Kind' is missing in '${JSON.stringify(document ?? {})}'`);
  if (found !== kind || !apiVersions.includes(apiVersion as string)) {
    throw new Error(
      `no kind "${found}" is registered for version "${apiVersion}"; this is about ${kind}, ${apiVersions[0]}`,
    );
  }
  const checked = schema.safeParse(rest);
  if (checked.success) return checked.data;
  throw new Error(checked.error.issues.flatMap(faultsOf).join(", "));
}

/** What zod found, as Kubernetes names fields. */
export function faultsOf(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.map((step) => typeof step === "number" ? `[${step}]` : `.${String(step)}`).join("").slice(1);
  if (issue.code !== "unrecognized_keys") return [`${place}: ${issue.message}`];
  return issue.keys.map((key) =>
    `strict decoding error: unknown field ${JSON.stringify(place ? `${place}.${key}` : key)}`
  );
}
