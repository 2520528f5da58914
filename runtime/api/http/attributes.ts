/** What a request asks for, as authorization, flow control and forwarding see it. Pure. */
import type { Attributes, User } from "../../auth/user.ts";
import { flag } from "./query.ts";
import { namespaceAsked, parseResourcePath, verbOf } from "./request_info.ts";

/** Paths that name no resource, and methods that the API does not have, are asked about by method and path. */
export function attributesOf(method: string, url: URL, user: User): Attributes {
  const path = url.pathname;
  const asked = parseResourcePath(path);
  const verb = asked && verbOf(method, asked, flag(url.searchParams, "watch") ?? false);
  if (!asked || !verb) return { user, verb: method.toLowerCase(), path };
  const { group, version, plural, subresource, name } = asked;
  const some = (text: string) => text || undefined;
  const names = { subresource: some(subresource), namespace: some(namespaceAsked(asked)), name: some(name) };
  return { user, verb, path, resource: { group, version, plural, ...names } };
}
