/**
 * Who is believed and who decides, by files (`--authentication-config`, `--authorization-config`). A file that changes is taken up
 * at once; one that is wrong changes nothing and is told in the log. Neither needs a restart.
 */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { defaultIssuer, type StructuredAuthentication, structuredAuthentication } from "../auth/mod.ts";
import { followFile } from "./follow_file.ts";
import type { Settings } from "./settings.ts";

const log = getLogger(["d8s", "access"]);

export interface AccessFiles extends AsyncDisposable {
  readonly authentication?: StructuredAuthentication;
}

export async function accessFiles({ authenticationConfig }: Settings): Promise<AccessFiles> {
  const held = new AsyncDisposableStack();
  const authentication = authenticationConfig ? held.use(await authenticationBy(authenticationConfig)) : undefined;
  return { authentication, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Throws when the file cannot be read or is wrong: nothing starts with a gate other than the one that was asked for. */
export async function authenticationBy(path: string): Promise<StructuredAuthentication & AsyncDisposable> {
  const read = async () =>
    structuredAuthentication(load(await Deno.readTextFile(path)), { ownIssuers: [defaultIssuer] });
  let current = await read();
  const following = followFile(path, async () => {
    try {
      current = await read();
      log.info("the authentication configuration was taken up", { path });
    } catch (error) {
      log.error("the authentication configuration is not taken up", { path, error });
    }
  });
  return {
    authenticate: (credentials) => current.authenticate(credentials),
    anonymous: (asked) => current.anonymous(asked),
    [Symbol.asyncDispose]: () => following[Symbol.asyncDispose](),
  };
}
