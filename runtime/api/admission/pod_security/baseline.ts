/**
 * The checks of the level `baseline`: what would hand out known ways to more rights. A check answers with what is wrong, as
 * `reason (details)` in upstream's words.
 *
 * Source: "Pod Security Standards" of the Kubernetes documentation.
 */
import { type Container, containersOf, isOwnUser, many, plural, type Pod, quoted, setters, those } from "./pod.ts";

export interface Check {
  readonly id: string;
  /** Minor version of Kubernetes from which on it is part of its level. */
  readonly since: number;
  /** A check of the lower level that this one says more strictly. */
  readonly replaces?: string;
  find(pod: Pod, minor: number): string | undefined;
}

const defaultCapabilities = new Set([
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"],
  ...["SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
]);

/** Sysctls that change nothing outside of the pod, with the minor version that came to know them so. */
const safeSysctls: Readonly<Record<string, number>> = {
  "kernel.shm_rmid_forced": 0,
  "net.ipv4.ip_local_port_range": 0,
  "net.ipv4.ip_unprivileged_port_start": 0,
  "net.ipv4.tcp_syncookies": 0,
  "net.ipv4.ping_group_range": 0,
  "net.ipv4.ip_local_reserved_ports": 27,
  "net.ipv4.tcp_keepalive_time": 29,
  "net.ipv4.tcp_fin_timeout": 29,
  "net.ipv4.tcp_keepalive_intvl": 29,
  "net.ipv4.tcp_keepalive_probes": 29,
  "net.ipv4.tcp_rmem": 32,
  "net.ipv4.tcp_wmem": 32,
};

const seLinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";

export const baseline: readonly Check[] = [
  { id: "appArmorProfile", since: 0, find: appArmor },
  {
    id: "capabilities_baseline",
    since: 0,
    find({ spec }) {
      const strange = (container: Container) => added(container).filter((name) => !defaultCapabilities.has(name));
      const found = containersOf(spec).filter((container) => strange(container).length > 0);
      if (found.length === 0) return undefined;
      const names = quoted([...new Set(found.flatMap(strange))].sort());
      const who = many("container", found.map(({ name }) => name));
      return `non-default capabilities (${who} must not include ${names} in securityContext.capabilities.add)`;
    },
  },
  {
    id: "hostNamespaces",
    since: 0,
    find({ spec }) {
      const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field]);
      return shared.length > 0 ? `host namespaces (${shared.map((field) => `${field}=true`).join(", ")})` : undefined;
    },
  },
  {
    id: "hostPathVolumes",
    since: 0,
    find({ spec: { volumes = [] } }) {
      const names = volumes.filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
      return names.length > 0 ? `hostPath volumes (${many("volume", names)})` : undefined;
    },
  },
  {
    id: "hostPorts",
    since: 0,
    find({ spec }) {
      const portsOf = ({ ports = [] }: Container) => ports.flatMap(({ hostPort }) => hostPort ? [hostPort] : []);
      const found = containersOf(spec).filter((container) => portsOf(container).length > 0);
      if (found.length === 0) return undefined;
      const ports = [...new Set(found.flatMap(portsOf))].sort((a, b) => a - b);
      const uses = `${found.length === 1 ? "uses" : "use"} ${ports.length === 1 ? "hostPort" : "hostPorts"}`;
      return `hostPort (${many("container", found.map(({ name }) => name))} ${uses} ${ports.join(", ")})`;
    },
  },
  {
    id: "hostProbesAndHostLifecycle",
    since: 34,
    find({ spec }) {
      const names = those(spec, (_context, container) => hostsOf(container).length > 0);
      if (names.length === 0) return undefined;
      const hosts = many("host", [...new Set(containersOf(spec).flatMap(hostsOf))].sort());
      const uses = names.length === 1 ? "uses" : "use";
      return `probe or lifecycle host (${many("container", names)} ${uses} probe or lifecycle ${hosts})`;
    },
  },
  {
    id: "privileged",
    since: 0,
    find({ spec }) {
      const names = those(spec, ({ privileged }) => privileged === true);
      if (names.length === 0) return undefined;
      return `privileged (${many("container", names)} must not set securityContext.privileged=true)`;
    },
  },
  {
    id: "procMount",
    since: 0,
    find: (pod, minor) => isOwnUser(pod, minor) ? undefined : procMount(pod),
  },
  { id: "seLinuxOptions", since: 0, find: seLinux },
  {
    id: "seccompProfile_baseline",
    since: 0,
    find({ spec, metadata }, minor) {
      if (minor < 19) return seccompAnnotations(metadata?.annotations ?? {});
      const who = setters(spec, ({ seccompProfile }) => seccompProfile?.type === "Unconfined");
      return who && `seccompProfile (${who} must not set securityContext.seccompProfile.type to "Unconfined")`;
    },
  },
  {
    id: "sysctls",
    since: 0,
    find({ spec }, minor) {
      const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
      const unsafe = names.filter((name) => !Object.hasOwn(safeSysctls, name) || minor < safeSysctls[name]!);
      return unsafe.length > 0 ? `forbidden sysctls (${unsafe.join(", ")})` : undefined;
    },
  },
  {
    id: "windowsHostProcess",
    since: 0,
    find({ spec }) {
      const who = setters(spec, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
      return who && `hostProcess (${who} must not set securityContext.windowsOptions.hostProcess=true)`;
    },
  },
];

function added({ securityContext }: Container): readonly string[] {
  return securityContext?.capabilities?.add ?? [];
}

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return handlers.flatMap((one) => [one?.httpGet?.host, one?.tcpSocket?.host]).filter((host) => host !== undefined)
    .filter((host) => host !== "");
}

function appArmor({ metadata, spec }: Pod): string | undefined {
  const allowed = (value: string) => value === "" || value === "runtime/default" || value.startsWith("localhost/");
  const annotated = Object.entries(metadata?.annotations ?? {}).filter(([key, value]) =>
    key.startsWith(appArmorPrefix) && !allowed(value)
  );
  const who = setters(spec, ({ appArmorProfile }) => appArmorProfile?.type === "Unconfined");
  const places = [...(who ? [who] : []), ...(annotated.length > 0 ? [plural("annotation", annotated.length)] : [])];
  if (places.length === 0) return undefined;
  const values = [
    ...(who ? ['"Unconfined"'] : []),
    ...annotated.map(([key, value]) => `"${key}=${JSON.stringify(value)}"`).sort(),
  ];
  const said = `${places.join(" and ")} must not set AppArmor profile type to ${values.join(", ")}`;
  return `forbidden AppArmor ${plural("profile", values.length)} (${said})`;
}

/** How seccomp profiles were named before there was a field. */
function seccompAnnotations(annotations: Readonly<Record<string, string>>): string | undefined {
  const found = Object.entries(annotations)
    .filter(([key, value]) =>
      /^(container\.)?seccomp\.security\.alpha\.kubernetes\.io\//.test(key) && value === "unconfined"
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort();
  if (found.length === 0) return undefined;
  return `seccompProfile (forbidden ${plural("annotation", found.length)} ${found.join(", ")})`;
}

export function procMount({ spec }: Pod): string | undefined {
  const names = those(spec, ({ procMount = "Default" }) => procMount !== "Default");
  if (names.length === 0) return undefined;
  return `procMount (${many("container", names)} must not set securityContext.procMount to "Unmasked")`;
}

function seLinux({ spec }: Pod): string | undefined {
  const who = setters(
    spec,
    ({ seLinuxOptions: { type = "", user, role } = {} }) =>
      !seLinuxTypes.includes(type) || Boolean(user) || Boolean(role),
  );
  if (!who) return undefined;
  const all = [spec.securityContext, ...containersOf(spec).map(({ securityContext }) => securityContext)]
    .map((context) => context?.seLinuxOptions ?? {});
  const types = [...new Set(all.map(({ type = "" }) => type).filter((type) => !seLinuxTypes.includes(type)))].sort();
  const said = [
    ...(types.length > 0 ? [`type${types.length === 1 ? "" : "s"} ${quoted(types)}`] : []),
    ...(all.some(({ user }) => user) ? ["user may not be set"] : []),
    ...(all.some(({ role }) => role) ? ["role may not be set"] : []),
  ];
  return `seLinuxOptions (${who} set forbidden securityContext.seLinuxOptions: ${said.join("; ")})`;
}
