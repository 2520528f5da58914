/** One request below a resource path, with everything that its handlers need to know about it. */
import type { User } from "../../auth/user.ts";
import type { Resource } from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";
import type { Operations } from "../operations.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import type { Encoding } from "./encodings.ts";
import type { ResourcePath } from "./request_info.ts";
import type { WriteCall } from "../operations.ts";
import type { Warnings } from "./warnings.ts";
import { writeOptions } from "./write_options.ts";

export interface Exchange {
  readonly request: Request;
  readonly connection: Connection;
  readonly user: User;
  readonly url: URL;
  readonly path: ResourcePath;
  readonly verb: string;
  readonly resource: Resource;
  readonly operations: Operations;
  readonly registry: ResourceRegistry;
  readonly encoding: Encoding;
  readonly warnings: Warnings;
}

export function targetOf({ resource, path }: Exchange) {
  return { resource, namespace: path.namespace, name: path.name };
}

/** `kind`: of the options, as messages name them (`CreateOptions`). */
export function writeCallOf(exchange: Exchange, kind: string, duplicateFields: readonly string[] = []): WriteCall {
  const { url, request, user, path, warnings, connection: { audit } } = exchange;
  const options = writeOptions(url.searchParams, kind);
  return {
    ...options,
    user,
    fieldManager: options.fieldManager ?? managerFrom(request.headers.get("user-agent")),
    subresource: path.subresource || undefined,
    duplicateFields,
    warn: (warning) => warnings.add(warning),
    annotate: audit && ((key, value) => audit.annotate(key, value)),
  };
}

const longestManager = 128;

/** Who does not name a field manager is known by the first word of its User-Agent. */
function managerFrom(userAgent: string | null): string {
  return (userAgent ?? "unknown").split("/")[0]!.slice(0, longestManager) || "unknown";
}
