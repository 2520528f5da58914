/**
 * What the node agent needs of a container engine, and no more: containers, images, events and streams.
 *
 * It isn't a general docker client: what no loop uses is not here. Absence is an answer (`undefined`), everything else that
 * fails is an `EngineError` with the engine's own words. All calls are safe to repeat: stopping what is stopped and removing
 * what is gone succeed.
 */

/** A bind mount of a host path into a container. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Absent: mounts go neither way. What the engine's own folder is in can't be kept so apart: it gets those of the host. */
  readonly propagation?: "rslave" | "rshared";
}

/** A device of the host that a container may use. */
export interface Device {
  readonly source: string;
  readonly target: string;
  /** Of `r`, `w` and `m` (mknod). */
  readonly permissions: string;
}

/** Limits as cgroups count them. */
export interface ResourceLimits {
  readonly cpuShares?: number;
  /** Microseconds of CPU in each `cpuPeriod`. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryBytes?: number;
  readonly pids?: number;
}

/** What a process may do. */
export interface SecurityOptions {
  readonly privileged: boolean;
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  /** Supplemental groups. */
  readonly groups: readonly string[];
  /** `unconfined`, a profile's JSON text, or absent for the engine's default profile. */
  readonly seccomp?: string;
  /** `unconfined`, the name of a loaded profile, or absent for the engine's default. */
  readonly appArmor?: string;
  /** Nothing of /proc is hidden or read-only. */
  readonly unmaskedProc?: boolean;
  /** It may open every device that it makes a node for. */
  readonly allDevices?: boolean;
}

/** `none`, `host`, or the namespace of another container. */
export type NamespaceMode = "none" | "host" | "private" | "shareable" | { readonly container: string };

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Replaces the image's entrypoint. */
  readonly entrypoint?: readonly string[];
  /** Replaces the image's arguments. */
  readonly args?: readonly string[];
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  /** `uid`, `uid:gid` or a name from the image. */
  readonly user?: string;
  readonly hostname?: string;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly network: NamespaceMode;
  readonly ipc: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly mounts: readonly Mount[];
  readonly devices?: readonly Device[];
  /** Container paths that get a tmpfs, with mount options. */
  readonly tmpfs?: Readonly<Record<string, string>>;
  readonly resources: ResourceLimits;
  readonly security: SecurityOptions;
  readonly oomScoreAdj?: number;
  readonly shmBytes?: number;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly cgroupParent?: string;
  readonly stopSignal?: string;
  /** Of what it writes to stdout and stderr; absent: nothing of it is kept. */
  readonly logs?: LogLimits;
}

/** A log is set aside when it is so large, and so many are kept, the present one among them. */
export interface LogLimits {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

export type ContainerStatus = "created" | "running" | "exited";

/** One container as the engine sees it now. */
export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: ContainerStatus;
  /** 0 unless running. */
  readonly pid: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why it could not start, else empty. */
  readonly error: string;
  /** RFC 3339; empty when it never was. */
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** As asked for, and the id that it resolved to. */
  readonly image: string;
  readonly imageId: string;
  readonly logPath: string;
  readonly tty: boolean;
  readonly user: string;
  /** What asks it to end. */
  readonly stopSignal: string;
  /** In force now; what is unlimited is absent. */
  readonly limits: ResourceLimits;
}

export interface ContainerEvent {
  readonly type: "container";
  readonly action: string;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageInfo {
  readonly id: string;
  readonly tags: readonly string[];
  /** `repository@sha256:...` */
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Config.User of the image: empty means root. */
  readonly user: string;
}

export interface PullCredentials {
  readonly username: string;
  readonly password: string;
  readonly server: string;
}

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tail?: number;
  /** Seconds since the epoch. */
  readonly since?: number;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly signal: AbortSignal;
}

/** Bytes of one of a process' outputs. */
export interface Chunk {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

/** A process' standard streams, hijacked from the engine. */
export interface Session extends AsyncDisposable {
  readonly output: AsyncIterable<Chunk>;
  write(bytes: Uint8Array): Promise<void>;
  /** Half-close: the process reads end of file. */
  closeStdin(): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
}

export interface ExecSession extends Session {
  /** Of the process, once the output has ended. */
  exitCode(): Promise<number>;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface EngineInfo {
  /** `20.10.24` */
  readonly version: string;
  readonly apiVersion: string;
  readonly architecture: string;
  readonly rootDir: string;
  readonly cgroupDriver: string;
  readonly cgroupVersion: string;
}

export interface Engine {
  /** `docker` */
  readonly name: string;
  ping(): Promise<void>;
  info(): Promise<EngineInfo>;

  /** Returns the id. An `EngineError` with code 404 means that the image is missing, 409 that the name is taken. */
  create(spec: ContainerSpec): Promise<string>;
  start(id: string): Promise<void>;
  /** Sends the stop signal, waits, kills. Returns when the container has stopped. */
  stop(id: string, graceSeconds: number): Promise<void>;
  kill(id: string, signal: string): Promise<void>;
  remove(id: string): Promise<void>;
  inspect(id: string): Promise<ContainerState | undefined>;
  /** All containers, running or not, that carry this label. */
  list(label: string): Promise<readonly ContainerState[]>;
  /** Changes what is in force while it runs; what is absent stays: a limit can't be taken away. */
  update(id: string, limits: ResourceLimits): Promise<void>;

  /** Bytes on disk of what it changed of its image's files. The engine looks at every one of them: ask rarely. */
  writtenBytes(id: string): Promise<number>;

  /** Container events from now on; ends when the engine goes away or the signal aborts. */
  events(label: string, signal: AbortSignal): AsyncIterable<ContainerEvent>;
  logs(id: string, options: LogOptions): AsyncIterable<Chunk>;
  exec(id: string, options: ExecOptions): Promise<ExecSession>;
  attach(id: string, options: { readonly stdin: boolean; readonly tty: boolean }): Promise<Session>;

  images(): Promise<readonly ImageInfo[]>;
  image(reference: string): Promise<ImageInfo | undefined>;
  /** Folders of its layers on this machine, the topmost first; absent where they are kept in another way. */
  imageLayers(reference: string): Promise<readonly string[] | undefined>;
  pull(reference: string, options?: { credentials?: PullCredentials; signal?: AbortSignal }): Promise<void>;
  /** Makes an image of one layer from a tar of its root filesystem; `changes` are Dockerfile instructions. */
  importImage(tar: ReadableStream<Uint8Array>, reference: string, changes: readonly string[]): Promise<void>;
  /** Loads what `docker save` wrote. Returns names or ids of the images in it. */
  loadImages(tarPath: string): Promise<readonly string[]>;
  removeImage(reference: string): Promise<void>;
}

/** What the engine refused, in its own words. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /** HTTP status of the answer; 0 when the engine could not be reached. */
  constructor(readonly code: number, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
  }
}
