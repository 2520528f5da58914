/** Gathers what a container's environment refers to, and resolves it. */
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ISecret } from "kubernetes-models/v1/Secret";
import { ConfigMap, keyOf, Secret } from "../../../runtime/schema/mod.ts";
import { environment } from "../container/env.ts";
import { needsPodIp } from "../container/field_ref.ts";
import { serviceEnv } from "../container/service_env.ts";
import { type Container, type Pod, specOf } from "../pod/pod.ts";
import { type Agent, hostIpsOf } from "./agent.ts";
import { readEnvFiles } from "./env_files.ts";

export function wantsPodIp({ env = [] }: Container): boolean {
  return env.some(({ valueFrom }) => valueFrom?.fieldRef && needsPodIp(valueFrom.fieldRef.fieldPath));
}

interface EnvironmentOf {
  readonly container: Container;
  readonly podIps: readonly string[];
  readonly volumes: ReadonlyMap<string, string>;
}

export async function containerEnvironment(agent: Agent, pod: Pod, { container, podIps, volumes }: EnvironmentOf) {
  const { namespace = "" } = pod.metadata;
  const configMaps = new Map<string, IConfigMap | undefined>();
  const secrets = new Map<string, ISecret | undefined>();
  const names = referencedBy(container);
  await Promise.all([
    ...names.configMaps.map(async (name) =>
      configMaps.set(name, await agent.objects.get(ConfigMap, { namespace, name }, keyOf(pod)))
    ),
    ...names.secrets.map(async (name) =>
      secrets.set(name, await agent.objects.get(Secret, { namespace, name }, keyOf(pod)))
    ),
  ]);
  return environment(container, {
    pod,
    podIps,
    hostIps: hostIpsOf(agent),
    nodeAllocatable: agent.amounts.allocatable,
    configMap: (name) => configMaps.get(name),
    secret: (name) => secrets.get(name),
    files: await readEnvFiles(container, volumes),
    services: serviceEnv(agent.services.list() as never, namespace, specOf(pod).enableServiceLinks ?? true),
  });
}

function referencedBy({ env = [], envFrom = [] }: Container): { configMaps: string[]; secrets: string[] } {
  const named = (names: readonly (string | undefined)[]) => [...new Set(names.filter((name) => name !== undefined))];
  return {
    configMaps: named([
      ...env.map((one) => one.valueFrom?.configMapKeyRef?.name),
      ...envFrom.map((one) => one.configMapRef?.name),
    ]),
    secrets: named([
      ...env.map((one) => one.valueFrom?.secretKeyRef?.name),
      ...envFrom.map((one) => one.secretRef?.name),
    ]),
  };
}
