/** Which FlowSchema a request belongs to: the first by precedence whose rules mean it. Pure. */
import type { Attributes, User } from "../../auth/user.ts";
import type { Stored } from "../../schema/mod.ts";

export interface FlowSchema extends Stored {
  spec: {
    priorityLevelConfiguration: { name: string };
    matchingPrecedence?: number;
    distinguisherMethod?: { type: string };
    rules?: readonly PolicyRules[];
  };
}

interface PolicyRules {
  readonly subjects: readonly Subject[];
  readonly resourceRules?: readonly ResourceRule[];
  readonly nonResourceRules?: readonly { verbs: readonly string[]; nonResourceURLs: readonly string[] }[];
}

interface Subject {
  readonly kind: string;
  readonly user?: { name: string };
  readonly group?: { name: string };
  readonly serviceAccount?: { namespace: string; name: string };
}

interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly clusterScope?: boolean;
  readonly namespaces?: readonly string[];
}

/** Low precedence first; names decide between equals. */
export function inOrder(schemas: readonly Stored[]): FlowSchema[] {
  const rank = ({ spec }: FlowSchema) => spec.matchingPrecedence ?? 1000;
  return ([...schemas] as FlowSchema[]).sort((a, b) =>
    rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1)
  );
}

export function schemaFor(schemas: readonly FlowSchema[], asked: Attributes): FlowSchema | undefined {
  return schemas.find(({ spec }) => (spec.rules ?? []).some((rules) => mean(rules, asked)));
}

/** What sets the requests of one flow apart from another's of the same schema. */
export function distinguisher({ spec }: FlowSchema, { user, resource }: Attributes): string {
  if (spec.distinguisherMethod?.type === "ByUser") return user.name;
  return spec.distinguisherMethod?.type === "ByNamespace" ? resource?.namespace ?? "" : "";
}

function mean({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRules, asked: Attributes): boolean {
  if (!subjects.some((subject) => isSubject(subject, asked.user))) return false;
  if (asked.resource) return resourceRules.some((rule) => meansResource(rule, asked));
  return nonResourceRules.some(({ verbs, nonResourceURLs }) =>
    has(verbs, asked.verb) && nonResourceURLs.some((url) => meansPath(url, asked.path))
  );
}

const accountPrefix = "system:serviceaccount:";

function isSubject({ kind, user, group, serviceAccount }: Subject, asks: User): boolean {
  if (kind === "Group") return group?.name === "*" || asks.groups.includes(group?.name ?? "");
  if (kind === "User") return user?.name === "*" || user?.name === asks.name;
  // Asked of every request: nothing is put together for those that are no account.
  if (!asks.name.startsWith(accountPrefix)) return false;
  const prefix = `${accountPrefix}${serviceAccount?.namespace}:`;
  return serviceAccount?.name === "*" ? asks.name.startsWith(prefix) : asks.name === prefix + serviceAccount?.name;
}

function meansResource(rule: ResourceRule, { verb, resource }: Attributes): boolean {
  const { group, plural, subresource, namespace } = resource!;
  const name = subresource ? `${plural}/${subresource}` : plural;
  const inPlace = namespace ? has(rule.namespaces ?? [], namespace) : rule.clusterScope === true;
  return inPlace && has(rule.verbs, verb) && has(rule.apiGroups, group) && has(rule.resources, name);
}

function has(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function meansPath(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("/*") && path.startsWith(pattern.slice(0, -1));
}
