/** Variables that tell a container of the Services that existed when it started (`enableServiceLinks`). Pure. */
import type { IService } from "kubernetes-models/v1/Service";

type Service = Pick<IService, "metadata" | "spec">;

/** Services of the pod's namespace; the master's own is always told. Headless ones have no address to tell. */
export function serviceEnv(services: readonly Service[], namespace: string, links: boolean): Record<string, string> {
  const env: Record<string, string> = {};
  const isMaster = ({ metadata }: Service) => metadata?.namespace === "default" && metadata.name === "kubernetes";
  const told = services.filter((one) => isMaster(one) || (links && one.metadata?.namespace === namespace));
  // The namespace's own come last: they win where names meet.
  for (const service of told.sort((a, b) => Number(isMaster(b)) - Number(isMaster(a)))) {
    Object.assign(env, variables(service));
  }
  return env;
}

function variables({ metadata, spec }: Service): Record<string, string> {
  const ip = spec?.clusterIP;
  const ports = spec?.ports ?? [];
  if (!ip || ip === "None" || ports.length === 0) return {};
  const prefix = metadata?.name?.toUpperCase().replaceAll("-", "_") ?? "";
  const host = ip.includes(":") ? `[${ip}]` : ip;
  const env: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: ip,
    [`${prefix}_SERVICE_PORT`]: String(ports[0]!.port),
    [`${prefix}_PORT`]: `${(ports[0]!.protocol ?? "TCP").toLowerCase()}://${host}:${ports[0]!.port}`,
  };
  for (const { name, port, protocol = "TCP" } of ports) {
    if (name) env[`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll("-", "_")}`] = String(port);
    const base = `${prefix}_PORT_${port}_${protocol}`;
    env[base] = `${protocol.toLowerCase()}://${host}:${port}`;
    Object.assign(env, {
      [`${base}_PROTO`]: protocol.toLowerCase(),
      [`${base}_PORT`]: String(port),
      [`${base}_ADDR`]: ip,
    });
  }
  return env;
}
