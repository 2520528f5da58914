/** A `ContainerSpec` in docker's words: `POST /containers/create`. Pure. */
import type { ContainerSpec, Mount, NamespaceMode, ResourceLimits } from "../engine.ts";

export function createBody(spec: ContainerSpec): Record<string, unknown> {
  return {
    Image: spec.image,
    Entrypoint: spec.entrypoint,
    Cmd: spec.args,
    Env: spec.env,
    Labels: spec.labels,
    WorkingDir: spec.workingDir,
    User: spec.user,
    Hostname: spec.hostname,
    Tty: spec.tty,
    OpenStdin: spec.openStdin,
    StdinOnce: spec.stdinOnce,
    StopSignal: spec.stopSignal,
    // Probes are the kubelet's; the image's own health check would only burn time.
    Healthcheck: { Test: ["NONE"] },
    HostConfig: hostConfig(spec),
  };
}

function hostConfig(spec: ContainerSpec): Record<string, unknown> {
  const { security } = spec;
  return {
    NetworkMode: modeText(spec.network),
    IpcMode: modeText(spec.ipc),
    PidMode: spec.pid === "private" ? "" : modeText(spec.pid),
    Mounts: spec.mounts.map(mountBody),
    Devices: spec.devices?.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    ...(security.allDevices && { DeviceCgroupRules: ["a *:* rwm"] }),
    Tmpfs: spec.tmpfs,
    Privileged: security.privileged,
    ReadonlyRootfs: security.readOnlyRootFilesystem,
    CapAdd: security.addCapabilities,
    CapDrop: security.dropCapabilities,
    GroupAdd: security.groups,
    SecurityOpt: securityOpt(spec),
    ...(security.unmaskedProc && { MaskedPaths: [], ReadonlyPaths: [] }),
    OomScoreAdj: spec.oomScoreAdj,
    ShmSize: spec.shmBytes,
    Sysctls: spec.sysctls,
    CgroupParent: spec.cgroupParent,
    LogConfig: logConfig(spec),
    ...limitsBody(spec.resources),
  };
}

/** Docker turns the file over and reads across all of them. */
function logConfig({ logs }: ContainerSpec): Record<string, unknown> {
  if (!logs) return { Type: "none" };
  return { Type: "json-file", Config: { "max-size": String(logs.maxBytes), "max-file": String(logs.maxFiles) } };
}

function securityOpt({ security }: ContainerSpec): string[] {
  const options: string[] = [];
  if (security.noNewPrivileges) options.push("no-new-privileges");
  if (security.seccomp !== undefined) options.push(`seccomp=${security.seccomp}`);
  if (security.appArmor !== undefined) options.push(`apparmor=${security.appArmor}`);
  return options;
}

/** Also the body of `POST /containers/ID/update`, where what is absent stays as it is. */
export function limitsBody(limits: ResourceLimits): Record<string, unknown> {
  return {
    CpuShares: limits.cpuShares,
    CpuQuota: limits.cpuQuota,
    CpuPeriod: limits.cpuPeriod,
    Memory: limits.memoryBytes,
    // Without it docker doubles the limit with swap, and the limit would not be one.
    MemorySwap: limits.memoryBytes,
    PidsLimit: limits.pids,
  };
}

function modeText(mode: NamespaceMode): string {
  return typeof mode === "string" ? mode : `container:${mode.container}`;
}

function mountBody({ source, target, readOnly, propagation }: Mount): Record<string, unknown> {
  return {
    Type: "bind",
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    ...(propagation && { BindOptions: { Propagation: propagation } }),
  };
}
