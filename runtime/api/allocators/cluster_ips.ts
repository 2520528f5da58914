/** `spec.clusterIP`: one address of the service range for each Service that is not headless. */
import { groupResourceOf, type KubeObject, type Resource, StatusError, type Stored } from "../../schema/mod.ts";
import type { ResourceCache } from "../cache/mod.ts";
import type { Allocator, Reservation } from "../objects/machinery.ts";
import { ipNumber, type IpRange, ipText } from "./ip_range.ts";
import { pick, Pool } from "./pool.ts";
import { invalidService, isHeadless, type ServiceSpec, specOf, wantsClusterIp } from "./service.ts";

export function clusterIps(services: ResourceCache, range: IpRange, random: () => number): Allocator {
  const pool = new Pool<string>(services, (object) => heldBy(specOf(object)));
  return {
    reserve(resource: Resource, object: KubeObject | undefined, old: Stored | undefined): Reservation | undefined {
      if (groupResourceOf(resource) !== "services" || !object) return undefined;
      const spec = specOf(object);
      describeFamilies(spec);
      if (!wantsClusterIp(spec)) return undefined;
      const held = heldBy(specOf(old));
      const wanted = spec.clusterIP || spec.clusterIPs?.[0];
      if (wanted && held.includes(wanted)) return undefined;
      const address = wanted ? checked(pool, range, object, wanted) : free(pool, range, random);
      pool.take(address);
      spec.clusterIP = address;
      spec.clusterIPs = [address];
      return { keep: () => {}, giveBack: () => pool.giveBack(address) };
    },
  };
}

function heldBy(spec: ServiceSpec): string[] {
  if (!wantsClusterIp(spec)) return [];
  return [...new Set([spec.clusterIP, ...spec.clusterIPs ?? []])].filter((ip): ip is string => !!ip);
}

/** Throws Invalid in upstream's words. */
function checked(pool: Pool<string>, range: IpRange, object: KubeObject, wanted: string): string {
  const refuse = (why: string) =>
    invalidService(object, "spec.clusterIPs", [wanted], `failed to allocate IP ${wanted}: ${why}`);
  const value = ipNumber(wanted);
  if (value === undefined || value <= range.first || value >= range.first + range.size - 1) {
    throw refuse(`the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${range.cidr}`);
  }
  if (!pool.isFree(wanted)) throw refuse("provided IP is already allocated");
  return wanted;
}

/** The lower addresses are given last: people pick them by hand (KEP-3070). */
function free(pool: Pool<string>, { first, size }: IpRange, random: () => number): string {
  const last = size - 2;
  const byHand = Math.min(Math.max(16, Math.floor(size / 16)), 256, Math.floor(last / 2));
  const valueAt = (index: number) => ipText(first + index);
  const found = pick(pool, { from: 1 + byHand, count: last - byHand, random, valueAt }) ??
    pick(pool, { from: 1, count: byHand, random, valueAt });
  if (found) return found;
  throw new StatusError(
    "InternalError",
    "Internal error occurred: failed to allocate a serviceIP: range is full",
  );
}

/** One family, IPv4; a headless Service without selector is open to whatever its endpoints are. */
function describeFamilies(spec: ServiceSpec): void {
  if (spec.type === "ExternalName") return;
  const open = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  if (isHeadless(spec)) spec.clusterIPs = ["None"];
  spec.ipFamilies ??= open ? ["IPv4", "IPv6"] : ["IPv4"];
  spec.ipFamilyPolicy ??= open ? "RequireDualStack" : "SingleStack";
}
