/** This machine's addresses and our routes, as `ip -json` tells them. */
import { type Run, runChecked } from "../command.ts";
import { type Route, routeProtocol } from "./routes.ts";

interface LinkJson {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
}

/** `172.30.1.2/24`, of every device but loopback and the pods' bridge. */
export async function hostLinks(run: Run, bridge: string): Promise<string[]> {
  const links: LinkJson[] = JSON.parse(await runChecked(run, ["ip", "-json", "-4", "addr", "show", "up"]));
  return links.filter(({ ifname }) => ifname !== "lo" && ifname !== bridge)
    .flatMap(({ addr_info = [] }) => addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`));
}

export async function ownRoutes(run: Run): Promise<Route[]> {
  const text = await runChecked(run, ["ip", "-json", "-4", "route", "show", "proto", routeProtocol]);
  const routes: { dst: string; gateway: string }[] = JSON.parse(text || "[]");
  return routes.map(({ dst, gateway }) => ({ subnet: dst, via: gateway }));
}
