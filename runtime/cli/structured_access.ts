/**
 * Who is believed and who decides, by files (`--authentication-config`, `--authorization-config`). A file that changes is taken up
 * at once; one that is wrong changes nothing and is told in the log. Neither needs a restart.
 */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import {
  type ClusterAccess,
  defaultIssuer,
  type StructuredAuthentication,
  structuredAuthentication,
  structuredAuthorization,
} from "../auth/mod.ts";
import { kubeconfigAccess, podAccess } from "../client/mod.ts";
import { followFile } from "./follow_file.ts";
import type { Settings } from "./settings.ts";

const log = getLogger(["d8s", "access"]);

export interface AccessFiles extends AsyncDisposable {
  readonly authentication?: StructuredAuthentication;
}

export async function accessFiles(
  { authenticationConfig, authorizationConfig }: Settings,
  access: ClusterAccess,
): Promise<AccessFiles> {
  const held = new AsyncDisposableStack();
  const authentication = authenticationConfig ? held.use(await authenticationBy(authenticationConfig)) : undefined;
  if (authorizationConfig) held.use(await authorizationBy(authorizationConfig, access));
  return { authentication, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Throws when the file cannot be read or is wrong: nothing starts with a gate other than the one that was asked for. */
export async function authenticationBy(path: string): Promise<StructuredAuthentication & AsyncDisposable> {
  let current: StructuredAuthentication | undefined;
  const following = await taken(path, (document) => {
    current = structuredAuthentication(document, { ownIssuers: [defaultIssuer] });
  });
  return {
    authenticate: (credentials) => current!.authenticate(credentials),
    anonymous: (asked) => current!.anonymous(asked),
    [Symbol.asyncDispose]: () => following[Symbol.asyncDispose](),
  };
}

/** As `authenticationBy`, for those whom `access` asks. */
export function authorizationBy(path: string, access: ClusterAccess): Promise<AsyncDisposable> {
  const { own } = access;
  return taken(path, (document) =>
    access.use(structuredAuthorization(document, {
      own,
      target: ({ type, kubeConfigFile }) =>
        type === "KubeConfigFile" ? kubeconfigAccess({ path: kubeConfigFile }) : podAccess(),
    })));
}

/** Now, which may throw, and whenever the file changes, which may not. */
async function taken(path: string, take: (document: unknown) => void): Promise<AsyncDisposable> {
  const read = async () => take(load(await Deno.readTextFile(path)));
  await read();
  return followFile(path, async () => {
    try {
      await read();
      log.info("the configuration was taken up", { path });
    } catch (error) {
      log.error("the configuration is not taken up", { path, error });
    }
  });
}
