/** OpenAPI documents of other servers beside our own: their paths are added, our definitions win. */
import type { Json } from "../../schema/mod.ts";
import type { RemoteOpenApi } from "../http/openapi_documents.ts";
import type { OpenApiV2Part } from "../openapi/mod.ts";
import type { RemoteApis } from "./remote_apis.ts";

export function remoteOpenApi(apis?: RemoteApis): RemoteOpenApi {
  return {
    v3Paths() {
      const paths: Record<string, Json> = {};
      for (const [name, { openApiV3 }] of apis?.heard() ?? []) {
        const spec = apis?.get(name)?.spec;
        if (spec && openApiV3) paths[`apis/${spec.group}/${spec.version}`] = { serverRelativeURL: openApiV3 };
      }
      return paths;
    },
    v2() {
      const parts = new Map<object, OpenApiV2Part>();
      for (const [name, { openApiV2 }] of apis?.heard() ?? []) {
        const spec = apis?.get(name)?.spec;
        if (spec && isDocument(openApiV2)) {
          parts.set(openApiV2, partBelow(openApiV2, `/apis/${spec.group}/${spec.version}/`));
        }
      }
      return parts;
    },
  };
}

function isDocument(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function partBelow(document: object, root: string): OpenApiV2Part {
  const { paths = {}, definitions = {} } = document as Partial<OpenApiV2Part>;
  const own = Object.entries(paths).filter(([path]) => path.startsWith(root));
  return { paths: Object.fromEntries(own), definitions };
}
