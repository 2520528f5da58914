/** How a pod looks names up, beside or instead of the cluster's way. */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { dnsSearch } from "./names.ts";
import { validateIp } from "./numbers.ts";
import type { Report } from "./report.ts";

const mostServers = 3;
const mostSearches = 32;
const longestSearches = 2048;

export function validateDns({ dnsPolicy, dnsConfig }: IPodSpec, report: Report): void {
  const place = report.at("dnsConfig");
  if (dnsPolicy === "None" && !dnsConfig) place.required("must provide `dnsConfig` when `dnsPolicy` is None");
  if (!dnsConfig) return;
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  const servers = place.at("nameservers");
  if (dnsPolicy === "None" && nameservers.length === 0) {
    servers.required("must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (nameservers.length > mostServers) {
    servers.invalid(nameservers, `must not have more than ${mostServers} nameservers`);
  }
  nameservers.forEach((server, i) => validateIp(server, servers.at(i)));
  validateSearches(searches, place.at("searches"));
  options.forEach(({ name }, i) => name ? undefined : place.at("options", i).required("must not be empty"));
}

/** "." is the root, and a trailing dot says that a domain is whole. */
function validateSearches(searches: string[], report: Report): void {
  if (searches.length > mostSearches) {
    report.invalid(searches, `must not have more than ${mostSearches} search paths`);
  }
  if (searches.join(" ").length > longestSearches) {
    report.invalid(
      searches,
      `must not have more than ${longestSearches} characters (including spaces) in the search list`,
    );
  }
  searches.forEach((search, i) => {
    const domain = search.replace(/\.$/, "");
    if (search !== ".") report.at(i).named(domain, dnsSearch);
  });
}
