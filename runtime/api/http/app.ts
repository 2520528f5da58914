/** The paths of the API server, as a Hono application. Everything that is thrown below becomes a Status. */
import { type Context, Hono } from "hono";
import type { User } from "../../auth/user.ts";
import type { Connection } from "../connection.ts";
import { methodNotAllowed, noSuchPage } from "../objects/refusals.ts";
import { answer, failure, pageNotFound } from "./answer.ts";
import { documentAnswer, type Documents, groupDiscovery, rootDiscovery, versionDiscovery } from "./documents.ts";
import { type Encryption, encryptionAnswer } from "./encryption_answer.ts";
import { type FrontDoor, mustBeAllowed } from "./front_door.ts";
import { healthAnswer, type HealthCheck } from "./health.ts";
import { jsonText } from "./json_bytes.ts";
import { installedDescriptions } from "../openapi/mod.ts";
import { openApiV3Answer, openApiV3IndexAnswer, type RemoteOpenApi } from "./openapi_documents.ts";
import { OpenApiV2Document } from "./openapi_v2_document.ts";
import { mustAccept } from "./negotiate.ts";
import { type ResourceRoute, resourceRoute } from "./resource_route.ts";
import { version } from "./version.ts";

export interface Bindings {
  readonly connection: Connection;
  readonly user: User;
}

type Env = { Bindings: Bindings };

export interface AppOptions {
  readonly door: FrontDoor;
  readonly route: ResourceRoute;
  /** Of what is served at all. */
  readonly documents: Documents;
  /** Of what this server serves, for OpenAPI; what others serve comes with `remoteOpenApi`. */
  readonly openApi: Documents;
  readonly remoteOpenApi: RemoteOpenApi;
  readonly checks: readonly HealthCheck[];
  /** The text of `/metrics`, and its content type. */
  readonly metrics: () => Promise<{ text: string; contentType: string }>;
  /** Absent: nothing is encrypted. */
  readonly encryption?: Encryption;
  /** `/openid/v1/jwks`, `/.well-known/openid-configuration`. */
  readonly openId: (path: string) => Promise<object | undefined>;
}

export function apiApp(options: AppOptions): Hono<Env> {
  const { door, route, documents, openApi, remoteOpenApi } = options;
  const app = new Hono<Env>();
  const asked = (c: Context<Env>) => ({
    request: c.req.raw,
    url: new URL(c.req.url),
    connection: c.env.connection,
    user: c.env.user,
  });
  app.all("/api/:version/:resource{.+}", (c) => resourceRoute(route, asked(c)));
  app.all("/apis/:group/:version/:resource{.+}", (c) => resourceRoute(route, asked(c)));

  const any = (pattern: string, handler: (c: Context<Env>) => Response | Promise<Response>) =>
    app.all(pattern, async (c) => {
      const verb = c.req.method.toLowerCase();
      await mustBeAllowed(door, { user: c.env.user, verb, path: new URL(c.req.url).pathname }, c.env.connection);
      return await handler(c);
    });
  const path = (pattern: string, handler: (c: Context<Env>) => Response | Promise<Response>, method = "GET") =>
    any(pattern, (c) => {
      if (c.req.raw.method !== method) throw methodNotAllowed();
      return handler(c);
    });
  /** Also with a slash behind it; `route`: which methods it takes. */
  const discovery = (pattern: string, handler: Parameters<typeof path>[1], route: typeof any = path) => {
    for (const end of ["", "/"]) route(pattern + end, handler);
  };
  const serverAddress = (c: Context<Env>) => c.req.header("host") ?? "";
  discovery("/api", (c) => rootDiscovery(documents, "/api", c.req.raw, serverAddress(c)));
  discovery("/apis", (c) => rootDiscovery(documents, "/apis", c.req.raw, serverAddress(c)), any);
  discovery("/api/:version", (c) => versionDiscovery(documents, c.req.raw, "", c.req.param("version")!));
  discovery("/apis/:group", (c) => groupDiscovery(documents, c.req.raw, c.req.param("group")!), any);
  discovery(
    "/apis/:group/:version",
    (c) => versionDiscovery(documents, c.req.raw, c.req.param("group")!, c.req.param("version")!),
  );
  discovery("/version", (c) => {
    mustAccept(c.req.header("accept"), ["application/json"]);
    return answer(jsonText(version), "application/json");
  });
  for (const endpoint of ["healthz", "livez", "readyz"]) {
    const health = (c: Context<Env>) =>
      healthAnswer(endpoint, c.req.param("check") ?? "", new URL(c.req.url).searchParams, options.checks);
    any(`/${endpoint}`, health);
    any(`/${endpoint}/:check{.+}`, health);
  }
  path("/metrics", async () => {
    const { text, contentType } = await options.metrics();
    return answer(new TextEncoder().encode(text), contentType);
  });
  const openId = async (c: Context<Env>) => {
    const document = await options.openId(new URL(c.req.url).pathname);
    if (!document) throw noSuchPage();
    return answer(jsonText(document), "application/json");
  };
  path("/openid/v1/jwks", openId);
  path("/.well-known/openid-configuration", openId);
  path("/d8s/encryption", () => encryptionAnswer(options.encryption, false));
  path("/d8s/encryption/rotate", () => encryptionAnswer(options.encryption, true), "POST");
  const describe = installedDescriptions();
  const openApiV2 = new OpenApiV2Document({ documents: openApi, describe, remote: () => remoteOpenApi.v2() });
  any("/openapi/v2", (c) => openApiV2.answer(c.req.raw, c.env.connection));
  any("/openapi/v3", (c) => openApiV3IndexAnswer(openApi, c.req.raw, remoteOpenApi));
  any("/openapi/v3/*", (c) => openApiV3Answer(openApi, c.req.raw, describe));
  any("/", (c) => documentAnswer(c.req.raw, rootPaths(documents)));
  app.notFound(async (c) => {
    await mustBeAllowed(door, {
      user: c.env.user,
      verb: c.req.method.toLowerCase(),
      path: new URL(c.req.url).pathname,
    }, c.env.connection);
    return pageNotFound();
  });
  app.onError((error, c) => failure(error, c.env.connection, c.req.header("accept")));
  return app;
}

/** What there is below `/`, for people. */
function rootPaths(documents: Documents) {
  return documents.get("/", "application/json", (rows) => {
    const groups = new Set(rows.filter(({ group }) => group).map(({ group }) => `/apis/${group}`));
    const versions = new Set(rows.map(({ group, version }) => group ? `/apis/${group}/${version}` : `/api/${version}`));
    const fixed = [
      "/api",
      "/apis",
      "/healthz",
      "/livez",
      "/metrics",
      "/openapi/v2",
      "/openapi/v3",
      "/readyz",
      "/version",
    ];
    return { paths: [...fixed, ...groups, ...versions].sort() };
  });
}
