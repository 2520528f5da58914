/** Docker's inspect answers as the interface's values. Pure. */
import type { ContainerState, ContainerStatus, ImageInfo, ResourceLimits } from "../engine.ts";

export interface InspectAnswer {
  Id: string;
  Name: string;
  Created: string;
  Image: string;
  LogPath: string;
  Config: { Image: string; Labels: Record<string, string> | null; Tty: boolean; User: string; StopSignal?: string };
  HostConfig: {
    CpuShares: number;
    CpuQuota: number;
    CpuPeriod: number;
    Memory: number;
    LogConfig: { Type: string; Config: Record<string, string> | null };
  };
  State: {
    Status: string;
    Pid: number;
    ExitCode: number;
    OOMKilled: boolean;
    Error: string;
    StartedAt: string;
    FinishedAt: string;
  };
}

export function containerState(answer: InspectAnswer): ContainerState {
  const { State: state, Config: config } = answer;
  return {
    id: answer.Id,
    name: answer.Name.replace(/^\//, ""),
    labels: config.Labels ?? {},
    status: statusOf(state),
    pid: state.Pid,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    error: state.Error,
    createdAt: answer.Created,
    startedAt: momentOf(state.StartedAt),
    finishedAt: momentOf(state.FinishedAt),
    image: config.Image,
    imageId: answer.Image,
    logPath: answer.LogPath,
    tty: config.Tty,
    user: config.User,
    stopSignal: config.StopSignal || "SIGTERM",
    limits: limitsOf(answer.HostConfig),
  };
}

/** Zero and less mean "no limit". */
function limitsOf({ CpuShares, CpuQuota, CpuPeriod, Memory }: InspectAnswer["HostConfig"]): ResourceLimits {
  return {
    ...(CpuShares > 0 && { cpuShares: CpuShares }),
    ...(CpuQuota > 0 && { cpuQuota: CpuQuota, cpuPeriod: CpuPeriod }),
    ...(Memory > 0 && { memoryBytes: Memory }),
  };
}

/** A paused container runs, as far as Kubernetes goes; `dead` and `removing` are on their way out. */
function statusOf({ Status: status, Error: error }: InspectAnswer["State"]): ContainerStatus {
  // docker leaves what it could not start as it was made. From 28 on it gives a start up when who asked hangs up (an agent
  // that was killed): such a container was never tried.
  if (status === "created") return error && !error.includes("context canceled") ? "exited" : "created";
  return status === "running" || status === "paused" || status === "restarting" ? "running" : "exited";
}

/** Docker writes Go's zero time for "never". */
function momentOf(time: string): string {
  return time.startsWith("0001-") ? "" : time;
}

export interface ImageAnswer {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Size: number;
  Labels?: Record<string, string> | null;
  Config?: { Labels: Record<string, string> | null; User: string };
  GraphDriver?: { Name: string; Data: { UpperDir?: string; LowerDir?: string } | null };
}

export function imageInfo(answer: ImageAnswer): ImageInfo {
  return {
    id: answer.Id,
    tags: answer.RepoTags ?? [],
    digests: answer.RepoDigests ?? [],
    sizeBytes: answer.Size,
    labels: answer.Config?.Labels ?? answer.Labels ?? {},
    user: answer.Config?.User ?? "",
  };
}

export function imageLayers({ GraphDriver: driver }: ImageAnswer): readonly string[] | undefined {
  if (driver?.Name !== "overlay2" || !driver.Data?.UpperDir) return undefined;
  return [driver.Data.UpperDir, ...driver.Data.LowerDir?.split(":") ?? []];
}
