/**
 * Docker behind the `Engine` interface. What is called for every pod goes to the API's socket; what is rare and has a
 * good command (import, load) is the `docker` command itself.
 */
import $ from "dax";
import type { ContainerEvent, ContainerState, Engine, LogOptions, Session } from "../engine.ts";
import { EngineError } from "../engine.ts";
import { createBody, limitsBody } from "./create_body.ts";
import { startExec } from "./exec.ts";
import { frames, jsonLines, rawOutput } from "./frames.ts";
import { pullImage } from "./pull.ts";
import { type LogPlace, readLogs } from "./read_logs.ts";
import { session } from "./session.ts";
import { type Socket, socket } from "./socket.ts";
import { containerState, type ImageAnswer, imageInfo, imageLayers, type InspectAnswer } from "./state.ts";

/** `host` is docker's own notation, of which `unix:///path` is spoken. */
export function dockerEngine({ host = "unix:///var/run/docker.sock" }: { host?: string } = {}): Engine {
  if (!host.startsWith("unix://")) throw new RangeError(`docker host "${host}" is not supported: must be unix:///path`);
  const api = socket(host.slice("unix://".length));
  return { name: "docker", ...containers(api), ...streams(api), ...images(api, host), ...daemon(api) };
}

function daemon(api: Socket): Pick<Engine, "ping" | "info"> {
  return {
    async ping() {
      await api.call("GET", "/_ping");
    },
    async info() {
      const version = await api.call("GET", "/version") as { Version: string; ApiVersion: string; Arch: string };
      const info = await api.call("GET", "/info") as Record<string, string>;
      return {
        version: version.Version,
        apiVersion: version.ApiVersion,
        architecture: version.Arch,
        rootDir: info.DockerRootDir ?? "",
        cgroupDriver: info.CgroupDriver ?? "",
        cgroupVersion: info.CgroupVersion ?? "1",
      };
    },
  };
}

type ContainerCalls =
  | "create"
  | "start"
  | "stop"
  | "kill"
  | "remove"
  | "inspect"
  | "list"
  | "update"
  | "writtenBytes";

function containers(api: Socket): Pick<Engine, ContainerCalls> {
  const inspect = async (id: string): Promise<ContainerState | undefined> => {
    const answer = await absentIsUndefined(api.call("GET", `/containers/${id}/json`));
    return answer === undefined ? undefined : containerState(answer as InspectAnswer);
  };
  return {
    inspect,
    async create(spec) {
      const target = `/containers/create?name=${encodeURIComponent(spec.name)}`;
      return (await api.call("POST", target, { body: createBody(spec) }) as { Id: string }).Id;
    },
    async start(id) {
      await api.call("POST", `/containers/${id}/start`);
    },
    async stop(id, graceSeconds) {
      await absentIsUndefined(api.call("POST", `/containers/${id}/stop?t=${graceSeconds}`));
    },
    async kill(id, signal) {
      await api.call("POST", `/containers/${id}/kill?signal=${signal}`).catch(ignoring(404, 409));
    },
    async remove(id) {
      // 409: somebody is removing it already.
      await api.call("DELETE", `/containers/${id}?force=1&v=1`).catch(ignoring(404, 409));
    },
    async list(label) {
      const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
      const rows = await api.call("GET", `/containers/json?all=1&filters=${filters}`) as { Id: string }[];
      const states = await Promise.all(rows.map((row) => inspect(row.Id)));
      return states.filter((state) => state !== undefined);
    },
    async writtenBytes(id) {
      const answer = await absentIsUndefined(api.call("GET", `/containers/${id}/json?size=1`));
      return (answer as { SizeRw?: number } | undefined)?.SizeRw ?? 0;
    },
    async update(id, limits) {
      await api.call("POST", `/containers/${id}/update`, { body: limitsBody(limits) });
    },
  };
}

function streams(api: Socket): Pick<Engine, "events" | "logs" | "exec" | "attach"> {
  return {
    async *events(label, signal) {
      const filters = encodeURIComponent(JSON.stringify({ type: ["container"], label: [label] }));
      for await (const line of jsonLines(api.stream("GET", `/events?filters=${filters}`, { signal }))) {
        yield containerEvent(line as DockerEvent);
      }
    },
    async *logs(id, options) {
      const answer = await api.call("GET", `/containers/${id}/json`) as InspectAnswer;
      const place = plainLog(answer);
      if (place) return yield* readLogs(place, options, () => ended(api, id, options.signal));
      const bytes = api.stream("GET", `/containers/${id}/logs?${logQuery(options)}`, { signal: options.signal });
      yield* answer.Config.Tty ? rawOutput(bytes) : frames(bytes);
    },
    exec: (id, options) => startExec(api, id, options, ignoring(404, 409, 500)),
    async attach(id, { stdin, tty }): Promise<Session> {
      const query = `stream=1&stdout=1&stderr=1&stdin=${stdin ? 1 : 0}`;
      const resize = async (columns: number, rows: number) => {
        await api.call("POST", `/containers/${id}/resize?h=${rows}&w=${columns}`).catch(ignoring(404, 409));
      };
      return session(await api.hijack(`/containers/${id}/attach?${query}`, undefined), { tty, resize });
    },
  };
}

interface DockerEvent {
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
}

/** `exec_start: sh` and the like carry arguments behind a colon. */
function containerEvent({ Action, Actor }: DockerEvent): ContainerEvent {
  return { type: "container", action: Action.split(":")[0]!, id: Actor.ID, labels: Actor.Attributes };
}

/** Where a log is kept as files that can be read as they are. */
function plainLog({ LogPath: path, HostConfig }: InspectAnswer): LogPlace | undefined {
  const { Type, Config } = HostConfig.LogConfig;
  const maxFiles = Number(Config?.["max-file"] ?? 1);
  return Type === "json-file" && Config?.compress !== "true" && maxFiles > 1 && path ? { path, maxFiles } : undefined;
}

/** Docker writes the last of a container's log before it says that the container has ended. */
async function ended(api: Socket, id: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of api.stream("POST", `/containers/${id}/wait`, { signal }));
  } catch (error) {
    ignoring(404)(error);
  }
}

function logQuery({ follow, timestamps, tail, since, stdout, stderr }: LogOptions): URLSearchParams {
  const query = new URLSearchParams({
    follow: follow ? "1" : "0",
    timestamps: timestamps ? "1" : "0",
    stdout: stdout ? "1" : "0",
    stderr: stderr ? "1" : "0",
    tail: tail === undefined ? "all" : String(tail),
  });
  if (since !== undefined) query.set("since", since.toFixed(9));
  return query;
}

type ImageCalls = "images" | "image" | "imageLayers" | "pull" | "importImage" | "loadImages" | "removeImage";

function images(api: Socket, host: string): Pick<Engine, ImageCalls> {
  return {
    async images() {
      return (await api.call("GET", "/images/json") as ImageAnswer[]).map(imageInfo);
    },
    async image(reference) {
      const answer = await absentIsUndefined(api.call("GET", `/images/${encodeReference(reference)}/json`));
      return answer === undefined ? undefined : imageInfo(answer as ImageAnswer);
    },
    async imageLayers(reference) {
      const answer = await api.call("GET", `/images/${encodeReference(reference)}/json`);
      return imageLayers(answer as ImageAnswer);
    },
    pull: (reference, options) => pullImage(api, reference, options),
    async importImage(tar, reference, changes) {
      const flags = changes.flatMap((change) => ["--change", change]);
      // The stream types of Deno and of Node differ in name only.
      await $`docker -H ${host} import ${flags} - ${reference}`.stdin(tar as never).quiet();
    },
    async loadImages(tarPath) {
      const lines = await $`docker -H ${host} load --quiet --input ${tarPath}`.quiet().lines();
      return lines.flatMap((line) => /^Loaded image(?: ID)?: (.+)$/.exec(line)?.[1] ?? []);
    },
    async removeImage(reference) {
      await api.call("DELETE", `/images/${encodeReference(reference)}`).catch(ignoring(404));
    },
  };
}

/** Slashes belong to the path, everything else is data. */
function encodeReference(reference: string): string {
  return reference.split("/").map(encodeURIComponent).join("/");
}

function absentIsUndefined(answer: Promise<unknown>): Promise<unknown> {
  return answer.catch(ignoring(404));
}

function ignoring(...codes: number[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof EngineError && codes.includes(error.code)) return undefined;
    throw error;
  };
}
