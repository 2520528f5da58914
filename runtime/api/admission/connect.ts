/** Admission of streams into pods, services and nodes: operation CONNECT, whose object is the options of the stream. */
import type { KubeObject } from "../../schema/mod.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import type { StreamRequest } from "../streams/destination.ts";
import { type AdmissionPlugin, type AdmissionRequest, admit, type ClusterView } from "./admission.ts";

export interface ConnectAdmission {
  readonly plugins: readonly AdmissionPlugin[];
  readonly registry: ResourceRegistry;
  readonly view: ClusterView;
}

const kinds: Readonly<Record<string, string>> = {
  "pods/attach": "PodAttachOptions",
  "pods/exec": "PodExecOptions",
  "pods/portforward": "PodPortForwardOptions",
  "pods/proxy": "PodProxyOptions",
  "services/proxy": "ServiceProxyOptions",
  "nodes/proxy": "NodeProxyOptions",
};

const flags = ["stdin", "stdout", "stderr", "tty"];

/** Resolves when nobody objects. Logs are read, not connected to: they pass. */
export function connectAdmission({ plugins, registry, view }: ConnectAdmission) {
  return async ({ path, query, user, audit }: StreamRequest): Promise<void> => {
    const { group, version, plural, namespace, name, subresource } = path;
    const kind = kinds[`${plural}/${subresource}`];
    const resource = registry.find(group, version, plural);
    if (!kind || !resource) return;
    const object: KubeObject = { kind, apiVersion: "v1", ...optionsOf(kind, query, path.rest) };
    const operation = "CONNECT";
    const request: AdmissionRequest = {
      ...{ operation, resource, subresource, namespace, name, object, user, dryRun: false },
      warn: () => {},
      annotate: audit && ((key, value) => audit.annotate(key, value)),
    };
    await admit(plugins, "admit", request, view);
    await admit(plugins, "validate", request, view);
  };
}

function optionsOf(kind: string, query: URLSearchParams, rest: string): Record<string, unknown> {
  if (kind.endsWith("ProxyOptions")) return { path: `/${rest}` };
  if (kind === "PodPortForwardOptions") return { ports: query.getAll("ports").map(Number) };
  const set = flags.filter((flag) => ["true", "1"].includes(query.get(flag) ?? ""));
  const container = query.get("container");
  const command = query.getAll("command");
  return {
    ...Object.fromEntries(set.map((flag) => [flag, true])),
    ...(container ? { container } : {}),
    ...(command.length > 0 ? { command } : {}),
  };
}
