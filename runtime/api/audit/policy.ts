/**
 * audit.k8s.io/v1 Policy: how much is written down of which requests. The first rule that fits decides; without one, nothing is
 * written. Pure.
 *
 * Source: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy
 */
import { z } from "zod";
import type { User } from "../../auth/user.ts";

export const levels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type Level = (typeof levels)[number];
export const stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type Stage = (typeof stages)[number];

const texts = z.array(z.string()).default([]);
const omitStages = z.array(z.enum(stages)).default([]);
const rule = z.strictObject({
  level: z.enum(levels),
  users: texts,
  userGroups: texts,
  verbs: texts,
  resources: z.array(z.strictObject({ group: z.string().default(""), resources: texts, resourceNames: texts })).default(
    [],
  ),
  namespaces: texts,
  nonResourceURLs: texts,
  omitStages,
  omitManagedFields: z.boolean().optional(),
}).superRefine(({ resources, namespaces, nonResourceURLs }, context) => {
  const fault = (message: string) => context.addIssue({ code: "custom", message });
  if (nonResourceURLs.length > 0 && resources.length + namespaces.length > 0) {
    fault("rules cannot apply to both regular resources and non-resource URLs");
  }
  const odd = nonResourceURLs.find((url) => url !== "*" && !/^\/[^*]*\*?$/.test(url));
  if (odd !== undefined) fault(`non-resource URL ${JSON.stringify(odd)} must begin with "/", with "*" at its end only`);
  if (resources.some((one) => one.resourceNames.length > 0 && one.resources.length === 0)) {
    fault("using resourceNames requires at least 1 resource");
  }
});
const schema = z.strictObject({
  apiVersion: z.literal("audit.k8s.io/v1"),
  kind: z.literal("Policy"),
  metadata: z.unknown().optional(),
  omitStages,
  omitManagedFields: z.boolean().default(false),
  rules: z.array(rule).min(1),
});

export type AuditPolicy = z.infer<typeof schema>;
type Rule = z.infer<typeof rule>;

/** Throws an Error that names the field. */
export function parsePolicy(document: unknown): AuditPolicy {
  const checked = schema.safeParse(document);
  if (checked.success) return checked.data;
  throw new Error(
    `audit Policy: ${checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
  );
}

/** What of a request a rule looks at. */
export interface Audited {
  readonly user: User;
  readonly verb: string;
  readonly path: string;
  /** Absent for non-resource paths. */
  readonly resource?: {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    readonly subresource: string;
    readonly namespace: string;
    readonly name: string;
  };
}

export interface Extent {
  readonly level: Level;
  readonly omitStages: readonly Stage[];
  readonly omitManagedFields: boolean;
}

/** Bodies of these hold secrets: of them never more than who did what, whatever a policy says. */
const secret = new Set(["/secrets", "/serviceaccounts/token", "authentication.k8s.io/tokenreviews"]);

export function extentOf(policy: AuditPolicy, audited: Audited): Extent {
  const found = policy.rules.find((one) => fits(one, audited));
  const level = found?.level ?? "None";
  return {
    level: level !== "None" && isSecret(audited) ? "Metadata" : level,
    omitStages: [...policy.omitStages, ...found?.omitStages ?? []],
    omitManagedFields: found?.omitManagedFields ?? policy.omitManagedFields,
  };
}

function isSecret({ resource }: Audited): boolean {
  if (!resource) return false;
  const { group, plural, subresource } = resource;
  return secret.has(`${group}/${plural}`) || secret.has(`${group}/${plural}/${subresource}`);
}

function fits(one: Rule, { user, verb, path, resource }: Audited): boolean {
  const oneOf = (list: readonly string[], value: string) => list.length === 0 || list.includes(value);
  if (!oneOf(one.users, user.name) || !oneOf(one.verbs, verb)) return false;
  if (one.userGroups.length > 0 && !one.userGroups.some((group) => user.groups.includes(group))) return false;
  if (one.resources.length === 0 && one.namespaces.length === 0 && one.nonResourceURLs.length === 0) return true;
  if (!resource) return one.nonResourceURLs.some((pattern) => pathFits(pattern, path));
  if (one.nonResourceURLs.length > 0) return false;
  return oneOf(one.namespaces, resource.namespace) && resourcesFit(one, resource);
}

function resourcesFit(
  { resources }: Rule,
  { group, plural, subresource, name }: NonNullable<Audited["resource"]>,
): boolean {
  const whole = subresource ? `${plural}/${subresource}` : plural;
  const wanted = [whole, "*", ...(subresource ? [`${plural}/*`, `*/${subresource}`] : [])];
  return resources.length === 0 ||
    resources.some((one) =>
      one.group === group && (one.resources.length === 0 || one.resources.some((text) => wanted.includes(text))) &&
      (one.resourceNames.length === 0 || one.resourceNames.includes(name))
    );
}

function pathFits(pattern: string, path: string): boolean {
  return pattern === path || pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1));
}
