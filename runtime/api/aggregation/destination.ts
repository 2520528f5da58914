/** How a server behind this one is reached, and how it is told who asks: by our front-proxy certificate and headers. */
import type { User } from "../../auth/user.ts";
import { StatusError } from "../../schema/mod.ts";
import type { ClusterView } from "../admission/admission.ts";
import type { Destination } from "../streams/destination.ts";
import type { ApiService } from "./remote_apis.ts";
import { type SecureDial, secureDial } from "./secure_dial.ts";
import { serviceTarget } from "./service_target.ts";

/** PEM. */
export interface FrontProxy {
  readonly cert: string;
  readonly key: string;
}

export interface Reach {
  readonly view: ClusterView;
  readonly frontProxy: FrontProxy;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Throws when its Service has nobody. */
export function dialOf({ spec }: ApiService, { view, frontProxy, random }: Reach): SecureDial {
  const target = serviceTarget(view, spec.service!, random());
  const ca = spec.caBundle ? new TextDecoder().decode(Uint8Array.fromBase64(spec.caBundle)) : undefined;
  return { ...target, ...frontProxy, ca, insecure: spec.insecureSkipTLSVerify };
}

/** `path` with query. */
export function remoteDestination(service: ApiService, reach: Reach, path: string, user: User): Destination {
  const dial = dialOf(service, reach);
  return {
    path,
    host: dial.serverName,
    headers: identityHeaders(user),
    connect: () =>
      secureDial(dial).catch((error) => {
        const message = `error trying to reach service: ${error.message}`;
        throw new StatusError("ServiceUnavailable", message, {}, { cause: error });
      }),
  };
}

/** Source: "Authenticating proxy" of the authentication documentation. */
export function identityHeaders({ name, uid, groups, extra = {} }: User): [string, string][] {
  const headers: [string, string][] = [["X-Remote-User", headerText(name)]];
  if (uid) headers.push(["X-Remote-Uid", headerText(uid)]);
  for (const group of groups) headers.push(["X-Remote-Group", headerText(group)]);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) headers.push([`X-Remote-Extra-${encodeURIComponent(key)}`, headerText(value)]);
  }
  return headers;
}

/** A name that could end its own header and begin another is refused. */
function headerText(text: string): string {
  if (!/[\r\n\0]/.test(text)) return text;
  throw new StatusError("BadRequest", "the user's name, groups or extra fields cannot be told to another server");
}
