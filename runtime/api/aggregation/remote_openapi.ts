/** OpenAPI documents of other servers beside our own: their paths are added, our definitions win. */
import type { Json } from "../../schema/mod.ts";
import type { RemoteOpenApi } from "../http/openapi_documents.ts";
import type { RemoteApis } from "./remote_apis.ts";

type Own = Parameters<RemoteOpenApi["v2"]>[0];

export function remoteOpenApi(apis: () => RemoteApis | undefined): RemoteOpenApi {
  return {
    v3Paths() {
      const paths: Record<string, Json> = {};
      for (const [name, { openApiV3 }] of apis()?.heard() ?? []) {
        const spec = apis()?.get(name)?.spec;
        if (spec && openApiV3) paths[`apis/${spec.group}/${spec.version}`] = { serverRelativeURL: openApiV3 };
      }
      return paths;
    },
    v2(own) {
      let merged = own;
      for (const [name, { openApiV2 }] of apis()?.heard() ?? []) {
        const spec = apis()?.get(name)?.spec;
        if (spec && openApiV2) merged = mergedV2(merged, openApiV2, `/apis/${spec.group}/${spec.version}/`);
      }
      return merged;
    },
  };
}

function mergedV2(own: Own, other: Json, root: string): Own {
  const { paths = {}, definitions = {} } = other as unknown as Partial<Own>;
  const theirs = Object.entries(paths).filter(([path]) => path.startsWith(root));
  const all = { ...own.paths, ...Object.fromEntries(theirs) };
  return { ...own, paths: all, definitions: { ...definitions, ...own.definitions } };
}
