/**
 * Everything that the server adds before it validates: the type's own defaults, then those that need code. In place, and
 * the same when done twice.
 */
import type { KubeObject } from "../object.ts";
import { apiVersionOf, type Resource } from "../resource.ts";
import { normalize } from "../decode/normalize.ts";
import { applyStaticDefaults } from "../decode/static_defaults.ts";
import { defaultersPerKind } from "./per_kind.ts";

/**
 * Brings an object into the form in which it is stored: Go's view of empty and zero first (see `normalize`), because
 * defaults fill what Go calls empty.
 */
export function applyDefaults(
  resource: Pick<Resource, "group" | "version" | "kind" | "type">,
  object: KubeObject,
): void {
  normalize(resource.type, object);
  applyStaticDefaults(resource.type, object);
  if (resource.type.name !== "") defaultersPerKind.get(`${apiVersionOf(resource)} ${resource.kind}`)?.(object);
}
