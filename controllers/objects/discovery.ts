/**
 * Which kinds the server has at this moment, custom ones included: for loops that work on every kind.
 *
 * Law: a group version that does not answer is named in `failed` and its kinds are missing; a caller that must not miss
 * any waits until `failed` is empty.
 */
import { isReason, type Json, type Kind, kind, type KubeObject } from "../../runtime/schema/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";

export interface ServedKind {
  readonly kind: Kind<KubeObject>;
  readonly verbs: readonly string[];
}

export interface Served {
  /** Every kind in every version that is served. */
  readonly kinds: readonly ServedKind[];
  readonly failed: readonly { readonly groupVersion: string; readonly error: unknown }[];
}

/** One request for the groups and one for each group version. */
export async function discover(client: Client): Promise<Served> {
  const groupVersions = ["v1", ...groupVersionsOf(await client.raw("GET", "/apis"))];
  const kinds: ServedKind[] = [], failed: { groupVersion: string; error: unknown }[] = [];
  const answers = await Promise.allSettled(groupVersions.map((groupVersion) => client.raw("GET", root(groupVersion))));
  for (const [index, answer] of answers.entries()) {
    const groupVersion = groupVersions[index]!;
    if (answer.status === "fulfilled") kinds.push(...kindsOf(groupVersion, answer.value));
    else failed.push({ groupVersion, error: answer.reason });
  }
  return { kinds, failed };
}

/** The kinds of one group version; none when it is not served. */
export async function discoverVersion(client: Client, apiVersion: string): Promise<ServedKind[]> {
  try {
    return kindsOf(apiVersion, await client.raw("GET", root(apiVersion)));
  } catch (error) {
    if (isReason(error, "NotFound")) return [];
    throw error;
  }
}

/** Each kind once, in the version that its group prefers (the one that discovery names first). */
export function preferred(kinds: readonly ServedKind[]): ServedKind[] {
  const seen = new Map<string, ServedKind>();
  for (const served of kinds) {
    const id = `${served.kind.plural}.${groupOf(served.kind.apiVersion)}`;
    if (!seen.has(id)) seen.set(id, served);
  }
  return [...seen.values()];
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

/** `/api/v1`, `/apis/apps/v1` */
export function root(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** URL path of a collection, or of one object in it. */
export function pathOf(
  { apiVersion, plural, namespaced }: Kind<unknown>,
  { namespace, name }: { namespace?: string; name?: string } = {},
): string {
  const scope = namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root(apiVersion)}${scope}/${plural}${name ? `/${encodeURIComponent(name)}` : ""}`;
}

interface GroupList {
  groups?: { versions: { groupVersion: string }[]; preferredVersion?: { groupVersion: string } }[];
}

function groupVersionsOf(answer: Json): string[] {
  return ((answer as unknown as GroupList).groups ?? []).flatMap(({ versions, preferredVersion }) => {
    const all = versions.map(({ groupVersion }) => groupVersion);
    const first = preferredVersion?.groupVersion;
    return first ? [first, ...all.filter((groupVersion) => groupVersion !== first)] : all;
  });
}

interface ResourceList {
  resources?: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

function kindsOf(groupVersion: string, answer: Json): ServedKind[] {
  const { resources } = answer as unknown as ResourceList;
  return (resources ?? []).filter(({ name }) => !name.includes("/")).map((resource) => ({
    kind: kind(groupVersion, resource.kind, resource.name, resource.namespaced),
    verbs: resource.verbs,
  }));
}
