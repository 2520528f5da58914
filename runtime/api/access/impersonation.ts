/**
 * Acting as somebody else (`kubectl --as`): each part of the other identity is a right of its own, asked for under the verb
 * `impersonate`.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
 */
import type { Attributes, User } from "../../auth/user.ts";
import { StatusError } from "../../schema/mod.ts";

export type HeaderPairs = Iterable<readonly [name: string, value: string]>;

const prefix = "impersonate-";
const extraPrefix = `${prefix}extra-`;
const accountPattern = /^system:serviceaccount:([^:]+):([^:]+)$/;

export interface Wanted {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** `undefined`: nobody else is meant. Throws BadRequest when parts come without a user. */
export function wantedIdentity(headers: HeaderPairs): Wanted | undefined {
  const found: [string, string][] = [];
  for (const [name, value] of headers) {
    if (name.length > prefix.length && name.toLowerCase().startsWith(prefix)) found.push([name.toLowerCase(), value]);
  }
  if (found.length === 0) return undefined;
  const valuesOf = (wanted: string) => found.filter(([name]) => name === prefix + wanted).map(([, value]) => value);
  const [name] = valuesOf("user");
  const [uid] = valuesOf("uid");
  const extra: Record<string, string[]> = {};
  for (const [header, value] of found.filter(([header]) => header.startsWith(extraPrefix))) {
    (extra[decoded(header.slice(extraPrefix.length))] ??= []).push(value);
  }
  const wanted = { name: name ?? "", uid, groups: valuesOf("group"), extra };
  if (name) return wanted;
  throw new StatusError("BadRequest", `requested ${inGo(wanted)} without impersonating a user name`);
}

/** As Go prints it. */
function inGo({ name, uid, groups, extra }: Wanted): string {
  const list = (texts: readonly string[]) => `[]string{${texts.map(quoted).join(", ")}}`;
  const pairs = Object.entries(extra).sort(([a], [b]) => a < b ? -1 : 1);
  const map = pairs.map(([key, values]) => `${quoted(key)}:${list(values)}`).join(", ");
  return `&user.DefaultInfo{Name:${quoted(name)}, UID:${quoted(uid ?? "")}, ` +
    `Groups:${groups.length > 0 ? list(groups) : "[]string(nil)"}, ` +
    `Extra:map[string][]string${pairs.length > 0 ? `{${map}}` : "(nil)"}}`;
}

const quoted = (text: string) => JSON.stringify(text);

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** What `user` must be allowed. */
export function rightsFor(user: User, { name, uid, groups, extra }: Wanted): Attributes[] {
  const ask = (resource: Partial<NonNullable<Attributes["resource"]>> & { plural: string; name: string }) => ({
    user,
    verb: "impersonate",
    path: "",
    resource: { group: "", version: "v1", ...resource },
  });
  const [, namespace, account] = accountPattern.exec(name) ?? [];
  const identity = { group: "authentication.k8s.io" };
  return [
    account ? ask({ plural: "serviceaccounts", namespace, name: account }) : ask({ plural: "users", name }),
    ...groups.map((group) => ask({ plural: "groups", name: group })),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ask({ ...identity, plural: "userextras", subresource: key, name: value }))
    ),
    ...(uid ? [ask({ ...identity, plural: "uids", name: uid })] : []),
  ];
}

export function impersonated({ name, uid, groups, extra }: Wanted): User {
  const [, namespace] = accountPattern.exec(name) ?? [];
  const usual = namespace && groups.length === 0
    ? ["system:serviceaccounts", `system:serviceaccounts:${namespace}`]
    : [];
  const all = [...groups, ...usual];
  const proof = name === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  const known = all.includes("system:authenticated") || all.includes("system:unauthenticated");
  return {
    name,
    ...(uid && { uid }),
    groups: known ? all : [...all, proof],
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
