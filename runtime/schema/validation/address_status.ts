/** Where a load balancer can be reached: of Services and of Ingresses. */
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { IService } from "kubernetes-models/v1/Service";
import { isIP } from "node:net";
import { dnsSubdomain } from "./names.ts";
import { validateIp } from "./numbers.ts";
import type { Report } from "./report.ts";

type Points = readonly { ip?: string; hostname?: string; ipMode?: string }[];

export function validateServiceStatus({ spec, status }: IService, _old: IService, report: Report): void {
  const points = status?.loadBalancer?.ingress;
  const ingress = report.at("status", "loadBalancer", "ingress");
  if (spec?.type === "LoadBalancer") return validatePoints(points, ingress);
  if (points?.length) ingress.forbidden("may only be used when `spec.type` is 'LoadBalancer'");
}

export function validateIngressStatus({ status }: IIngress, _old: IIngress, report: Report): void {
  validatePoints(status?.loadBalancer?.ingress, report.at("status", "loadBalancer", "ingress"));
}

function validatePoints(points: Points | undefined, report: Report): void {
  points?.forEach(({ ip, hostname, ipMode }, i) => {
    const place = report.at(i);
    if (ip) validateIp(ip, place.at("ip"));
    if (ipMode !== undefined && !ip) place.at("ipMode").forbidden("may not be specified when `ip` is not set");
    if (ipMode !== undefined) place.at("ipMode").oneOf(ipMode, ["Proxy", "VIP"]);
    if (!hostname) return;
    place.at("hostname").named(hostname, dnsSubdomain);
    if (isIP(hostname)) place.at("hostname").invalid(hostname, "must be a DNS name, not an IP address");
  });
}
