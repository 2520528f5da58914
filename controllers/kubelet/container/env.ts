/**
 * A container's environment: `env`, `envFrom`, the downward API and the variables of Services, with `$(VAR)` expanded. Pure:
 * the objects that it refers to come in.
 */
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ISecret } from "kubernetes-models/v1/Secret";
import type { Container, Pod } from "../pod/pod.ts";
import { fieldValue } from "./field_ref.ts";
import { resourceValue } from "./resource_ref.ts";

/** A reference that can't be resolved: the container waits with reason CreateContainerConfigError. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export interface EnvFacts {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  readonly nodeAllocatable: Readonly<Record<string, string>>;
  readonly configMap: (name: string) => IConfigMap | undefined;
  readonly secret: (name: string) => ISecret | undefined;
  /** Env files by `volume/path`. */
  readonly files: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Variables of Services, lowest in rank. */
  readonly services: Readonly<Record<string, string>>;
}

type EnvVar = NonNullable<Container["env"]>[number];
type ValueFrom = NonNullable<EnvVar["valueFrom"]>;
type EnvFrom = NonNullable<Container["envFrom"]>[number];

/** In order of appearance; later ones win, and may use earlier ones. Throws a `ConfigError`. */
export function environment(container: Container, facts: EnvFacts): Map<string, string> {
  const env = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    for (const [name, value] of Object.entries(fromSource(source, facts))) env.set((source.prefix ?? "") + name, value);
  }
  const known = new Map([...Object.entries(facts.services), ...env]);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const resolved = valueFrom ? fromReference(valueFrom, container, facts) : expand(value ?? "", known);
    if (resolved === undefined) continue;
    env.set(name, resolved);
    known.set(name, resolved);
  }
  return new Map([...Object.entries(facts.services), ...env]);
}

const variable = /\$\$|\$\(([^)]*)\)/g;

/** The names that `expand` looks for. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(variable)].flatMap(([, name]) => name === undefined ? [] : [name]);
}

/** Replaces `$(NAME)`; `$$(NAME)` stays as `$(NAME)`, and unknown names stay as they are. */
export function expand(text: string, known: ReadonlyMap<string, string>): string {
  return text.replace(variable, (whole, name?: string) => {
    if (name === undefined) return "$";
    return known.get(name) ?? whole;
  });
}

function fromSource({ configMapRef, secretRef }: EnvFrom, facts: EnvFacts): Record<string, string> {
  if (configMapRef) {
    const { name = "", optional } = configMapRef;
    const found = facts.configMap(name);
    if (!found && !optional) throw new ConfigError(`configmap "${name}" not found`);
    return found?.data ?? {};
  }
  if (!secretRef) return {};
  const { name = "", optional } = secretRef;
  const found = facts.secret(name);
  if (!found && !optional) throw new ConfigError(`secret "${name}" not found`);
  return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, decode(value)]));
}

/** `undefined`: an optional reference to what is not there; the variable is left out. */
function fromReference(from: ValueFrom, container: Container, facts: EnvFacts): string | undefined {
  if (from.fieldRef) return fieldValue(from.fieldRef.fieldPath, facts);
  if (from.resourceFieldRef) return resourceValue(from.resourceFieldRef, container, facts);
  if (from.configMapKeyRef) return fromConfigMap(from.configMapKeyRef, facts);
  if (from.secretKeyRef) return fromSecret(from.secretKeyRef, facts);
  if (from.fileKeyRef) return fromFile(from.fileKeyRef, facts);
  throw new ConfigError("invalid valueFrom: no source that this node knows");
}

type FileRef = NonNullable<ValueFrom["fileKeyRef"]>;

function fromFile({ volumeName, path, key, optional }: FileRef, { files }: EnvFacts): string | undefined {
  const value = files.get(`${volumeName}/${path}`)?.get(key);
  if (value !== undefined || optional) return value;
  throw new ConfigError(`environment variable key "${key}" not found in file "${path}" of volume "${volumeName}"`);
}

type KeyRef = NonNullable<ValueFrom["configMapKeyRef"]>;

function fromConfigMap({ name = "", key, optional }: KeyRef, { configMap, pod }: EnvFacts): string | undefined {
  const found = configMap(name);
  const value = found?.data?.[key];
  if (value !== undefined) return value;
  if (optional) return undefined;
  if (!found) throw new ConfigError(`configmap "${name}" not found`);
  throw new ConfigError(`couldn't find key ${key} in ConfigMap ${pod.metadata.namespace}/${name}`);
}

function fromSecret({ name = "", key, optional }: KeyRef, { secret, pod }: EnvFacts): string | undefined {
  const found = secret(name);
  const value = found?.data?.[key];
  if (value !== undefined) return decode(value);
  if (optional) return undefined;
  if (!found) throw new ConfigError(`secret "${name}" not found`);
  throw new ConfigError(`couldn't find key ${key} in Secret ${pod.metadata.namespace}/${name}`);
}

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(base64));
}
