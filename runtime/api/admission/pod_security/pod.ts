/** A pod as the security checks look at it, and the words that they share. */
export interface SecurityContext {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly procMount?: string;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type?: string };
  readonly appArmorProfile?: { readonly type?: string };
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string };
  readonly windowsOptions?: { readonly hostProcess?: boolean };
  readonly sysctls?: readonly { readonly name: string }[];
}

interface Handler {
  readonly httpGet?: { readonly host?: string };
  readonly tcpSocket?: { readonly host?: string };
}

export interface Container {
  readonly name: string;
  readonly securityContext?: SecurityContext;
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly livenessProbe?: Handler;
  readonly readinessProbe?: Handler;
  readonly startupProbe?: Handler;
  readonly lifecycle?: { readonly postStart?: Handler; readonly preStop?: Handler };
}

export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly securityContext?: SecurityContext;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly hostUsers?: boolean;
  readonly runtimeClassName?: string;
  readonly os?: { readonly name?: string };
  readonly volumes?: readonly { readonly name: string; readonly [source: string]: unknown }[];
}

export interface Pod {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

export function containersOf({ initContainers = [], containers = [], ephemeralContainers = [] }: PodSpec): Container[] {
  return [...initContainers, ...containers, ...ephemeralContainers];
}

/** `"a", "b"` */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** `container "a"`, `containers "a", "b"` */
export function many(word: string, names: readonly string[]): string {
  return `${plural(word, names.length)} ${quoted(names)}`;
}

export function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

/** Since v1.35 root in a user namespace of the pod's own is nobody outside. */
export function isOwnUser({ spec }: Pod, minor: number): boolean {
  return minor >= 35 && spec.hostUsers === false;
}

/** Names of the containers of which `is` holds. */
export function those(spec: PodSpec, is: (context: SecurityContext, container: Container) => boolean): string[] {
  return containersOf(spec).filter((one) => is(one.securityContext ?? {}, one)).map(({ name }) => name);
}

/** `pod`, `containers "a", "b"`, `pod and container "a"`; undefined: none of them. */
export function setters(spec: PodSpec, is: (context: SecurityContext) => boolean): string | undefined {
  const names = those(spec, is);
  const pod = is(spec.securityContext ?? {}) ? ["pod"] : [];
  const all = [...pod, ...(names.length > 0 ? [many("container", names)] : [])];
  return all.length > 0 ? all.join(" and ") : undefined;
}
