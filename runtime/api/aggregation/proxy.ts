/** Requests to group versions that another server serves: allowed here, answered there. */
import type { User } from "../../auth/user.ts";
import { StatusError } from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";
import { attributesOf } from "../http/attributes.ts";
import { type FrontDoor, mustBeAllowed } from "../http/front_door.ts";
import { forward } from "../streams/forward.ts";
import type { Destination, UpgradeAsked } from "../streams/destination.ts";
import { type Reach, remoteDestination } from "./destination.ts";
import type { ApiService, RemoteApis } from "./remote_apis.ts";

export interface Proxy {
  /** `undefined`: the path is this server's own. Throws a StatusError. */
  answer(request: Request, connection: Connection, user: User): Promise<Response> | undefined;
  /** As `answer`, for an upgrade: where it goes. */
  upgraded(asked: UpgradeAsked): Promise<Destination> | undefined;
}

export function aggregationProxy(apis: RemoteApis, door: FrontDoor, reach: Reach): Proxy {
  const destination = async (service: ApiService, method: string, url: URL, user: User, connection: Connection) => {
    await mustBeAllowed(door, attributesOf(method, url, user), connection);
    mustBeAvailable(service);
    return remoteDestination(service, reach, url.pathname + url.search, user);
  };
  return {
    answer(request, connection, user) {
      if (apis.empty) return undefined;
      const url = new URL(request.url);
      const service = apis.find(url.pathname);
      return service &&
        destination(service, request.method, url, user, connection).then((to) => forward({ request, connection }, to));
    },
    upgraded({ upgrade, url, user, connection }) {
      const service = apis.find(url.pathname);
      const method = upgrade.incoming.method ?? "GET";
      return service && destination(service, method, url, user, connection);
    },
  };
}

function mustBeAvailable({ status }: ApiService): void {
  const available = status?.conditions?.find(({ type }) => type === "Available");
  if (available?.status === "True") return;
  throw new StatusError("ServiceUnavailable", "service unavailable");
}
