/** The subresources that are streams: plain requests are forwarded, upgrades are tunnelled. */
import type { Handler } from "../http/object_routes.ts";
import { plain } from "../http/health.ts";
import { identified, type Recording } from "../audit/mod.ts";
import { failure, statusErrorOf } from "../http/answer.ts";
import { type FrontDoor, mustBeAllowed } from "../http/front_door.ts";
import { parseResourcePath, verbOf } from "../http/request_info.ts";
import { noSuchPage } from "../objects/refusals.ts";
import type { Connection } from "../connection.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Destination, Locate, StreamContext, UpgradeAsked } from "./destination.ts";
import { forward } from "./forward.ts";
import { kubeletAnswer } from "./kubelet_refusal.ts";
import { attach, exec, log, portforward } from "./kubelet_streams.ts";
import { proxiedAnswer, unkept } from "./proxied_answer.ts";
import { proxiedRequest } from "./proxied_request.ts";
import { nodeProxy, podProxy, serviceProxy } from "./proxies.ts";
import { tunnel } from "./tunnel.ts";
import { refuseUpgrade, type Upgrade } from "./upgrade.ts";

const locations: Readonly<Record<string, Locate>> = {
  "pods/exec": exec,
  "pods/attach": attach,
  "pods/portforward": portforward,
  "pods/log": log,
  "pods/proxy": podProxy,
  "services/proxy": serviceProxy,
  "nodes/proxy": nodeProxy,
};

export function streamRoutes(context: StreamContext): ReadonlyMap<string, Handler> {
  return new Map(Object.entries(locations).map(([name, locate]) => [name, handler(context, locate)]));
}

function handler(context: StreamContext, locate: Locate): Handler {
  return async (exchange) => {
    const { path, url, user, connection: { audit } } = exchange;
    const request = { path, query: url.searchParams, search: url.search, user, audit };
    await context.admitConnect(request);
    const destination = locate(context, request);
    if (!destination) return plain("", 200);
    if (path.subresource === "proxy") return await proxied(exchange, destination);
    return await kubeletAnswer(await forward(exchange, destination));
  };
}

/** A page at the proxy's own address gets a slash at its end: only so do its relative links lead back here. */
async function proxied(exchange: Exchange, destination: Destination): Promise<Response> {
  const { request: { method, headers }, url: { pathname, search, host }, path: { rest }, connection } = exchange;
  if (pathname.endsWith("/proxy") && rest === "" && (method === "GET" || method === "HEAD")) {
    return new Response(null, { status: 301, headers: { location: `${pathname}/${search}`, ...unkept } });
  }
  const prefix = pathname.slice(0, pathname.length - rest.length).replace(/\/$/, "");
  const asked = { host: headers.get("host") ?? host, forwardedFor: headers.get("x-forwarded-for"), connection };
  const passedOn = proxiedRequest(destination, { ...asked, uri: pathname });
  return proxiedAnswer(await forward(exchange, passedOn), { prefix, hosts: [destination.host, asked.host] });
}

/** Never throws: what cannot be done is answered on the socket. Resolves when the stream is over. */
export async function upgradeStream(
  door: FrontDoor,
  context: StreamContext,
  upgrade: Upgrade,
  connection: Connection,
): Promise<void> {
  const { incoming, socket } = upgrade;
  socket.on("error", () => socket.destroy());
  const url = new URL(incoming.url ?? "/", "https://api");
  const headers = new Headers({
    authorization: incoming.headers.authorization ?? "",
    "user-agent": incoming.headers["user-agent"] ?? "",
  });
  const asking = { method: incoming.method ?? "GET", url: url.href, headers };
  let recording: Recording | undefined;
  try {
    const { record } = context;
    const { user, connection: own } = await identified({ door, record, connection, asking }, (begun) => {
      recording = begun;
    });
    using _proof = context.whileProven?.(user, () => socket.destroy());
    const asked = { upgrade, url, user, connection: own };
    const destination = await (context.elsewhere?.(asked) ?? located(door, context, asked));
    await tunnel(upgrade, destination, () => recording?.upgraded());
    recording?.ended();
  } catch (error) {
    const status = statusErrorOf(error, recording?.connection);
    refuseUpgrade(socket, status);
    await recording?.answered(failure(status));
  }
}

/** Where the stream goes, when it may. Throws when it may not or cannot be. */
async function located(
  door: FrontDoor,
  context: StreamContext,
  { upgrade: { incoming }, url, user, connection }: UpgradeAsked,
): Promise<Destination> {
  const path = parseResourcePath(url.pathname);
  const locate = path && path.group === "" && locations[`${path.plural}/${path.subresource}`];
  if (!locate) throw noSuchPage();
  const { group, version, plural, subresource, name, namespace } = path;
  // Whoever may not create an exec may not get one over a WebSocket either, which cannot POST.
  const streams = plural === "pods" && subresource !== "proxy" && subresource !== "log";
  const verb = streams ? "create" : verbOf(incoming.method ?? "GET", path, false) ?? "get";
  const resource = { group, version, plural, subresource, name, namespace: namespace || undefined };
  await mustBeAllowed(door, { user, verb, path: url.pathname, resource }, connection);
  const request = { path, query: url.searchParams, search: url.search, user, audit: connection.audit };
  await context.admitConnect(request);
  const destination = locate(context, request);
  if (!destination) throw noSuchPage();
  if (subresource !== "proxy") return destination;
  const { host = url.host, "x-forwarded-for": forwardedFor } = incoming.headers;
  return proxiedRequest(destination, { host, forwardedFor: forwardedFor ? String(forwardedFor) : null, connection });
}
