/** Requests that take their connection over: exec, attach and portForward, in SPDY/3.1 or WebSocket. */
import type { IncomingMessage } from "node:http";
import { keyOf } from "../../../../runtime/schema/mod.ts";
import type { Pod } from "../../pod/pod.ts";
import type { Agent } from "../../sync/agent.ts";
import { logChunks } from "../logs.ts";
import { findContainer, findPod, runningContainer } from "../find_container.ts";
import { RequestError } from "../request_error.ts";
import { openWebSocket } from "./open_websocket.ts";
import { forwardPorts } from "./port_forward.ts";
import { failure, type RemoteCommand } from "./remote_command.ts";
import { runSession } from "./run_session.ts";
import { spdyCommand, spdyCommandProtocols } from "./spdy_command.ts";
import type { Upgrade } from "./upgrade_request.ts";
import { commandProtocols, websocketCommand } from "./websocket_command.ts";
import { websocketDuplex } from "./websocket_duplex.ts";
import { logProtocols, sendLogs } from "./websocket_logs.ts";

const portForwardProtocol = "portforward.k8s.io";
const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";

export async function upgrade(agent: Agent, { request, socket, head }: Upgrade): Promise<void> {
  const url = new URL(request.url ?? "/", "https://node");
  const [, action = "", namespace = "", name = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
  if (action === "containerLogs") return await logs(agent, url, { request, socket, head });
  if (!["exec", "attach", "portForward"].includes(action)) throw new RequestError(404, "404 page not found");
  const pod = findPod(agent, namespace, name);
  if (action === "portForward") return await portForward(agent, pod, { request, socket, head });
  // `/exec/NAMESPACE/POD/CONTAINER`, or with the pod's uid before the container.
  await command(agent, pod, { request, socket, head, url, action, container: rest.at(-1) });
}

/** A log that isn't there is refused before the connection changes hands. */
async function logs(agent: Agent, url: URL, asked: Upgrade): Promise<void> {
  if (!isWebSocket(asked.request)) throw new RequestError(400, "logs are streamed over WebSocket or as a plain answer");
  const gone = new AbortController();
  const chunks = logChunks(agent, url, gone.signal);
  await sendLogs(await openWebSocket(asked, logProtocols), chunks, gone);
}

interface CommandUpgrade extends Upgrade {
  readonly url: URL;
  readonly action: string;
  readonly container: string | undefined;
}

async function command(agent: Agent, pod: Pod, asked: CommandUpgrade): Promise<void> {
  const { state } = runningContainer(agent, pod, findContainer(pod, asked.container).name);
  const wanted = wantedStreams(asked.url.searchParams);
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) {
    throw new RequestError(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  const words = asked.url.searchParams.getAll("command");
  if (asked.action === "exec" && words.length === 0) {
    throw new RequestError(400, "you must specify at least one command");
  }
  const remote = await accept(asked, wanted);
  const tty = asked.action === "attach" ? state.tty : wanted.tty;
  const session = asked.action === "exec"
    ? agent.engine.exec(state.id, { ...wanted, stderr: wanted.stderr && !tty, command: words, tty })
    : agent.engine.attach(state.id, { stdin: wanted.stdin, tty });
  await session.then((open) => runSession(open, remote), async (error) => {
    await remote.finish(failure(error instanceof Error ? error.message : String(error)));
  });
}

interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Booleans are `1` or `true`, under the kubelet's names (`input`) and the API's (`stdin`). */
function wantedStreams(query: URLSearchParams): WantedStreams {
  const asked = (...names: string[]) => names.some((name) => ["1", "true"].includes(query.get(name) ?? ""));
  return {
    stdin: asked("input", "stdin"),
    stdout: asked("output", "stdout"),
    stderr: asked("error", "stderr"),
    tty: asked("tty"),
  };
}

async function accept({ request, socket, head }: Upgrade, wanted: WantedStreams): Promise<RemoteCommand> {
  if (isWebSocket(request)) {
    const open = await openWebSocket({ request, socket, head }, commandProtocols);
    return websocketCommand(open, wanted);
  }
  const protocol = acceptSpdy({ request, socket, head }, spdyCommandProtocols);
  return await spdyCommand(socket, { ...wanted, protocol });
}

async function portForward(agent: Agent, pod: Pod, { request, socket, head }: Upgrade): Promise<void> {
  const sandbox = agent.mirror.of(pod.metadata.uid).findLast((one) => one.isSandbox && one.state.status === "running");
  if (!sandbox) throw new RequestError(400, `pod ${keyOf(pod)} has no running sandbox`);
  if (!isWebSocket(request)) {
    acceptSpdy({ request, socket, head }, [portForwardProtocol]);
    return forwardPorts(socket, sandbox.state.pid);
  }
  const open = await openWebSocket({ request, socket, head }, [tunnelProtocol]);
  forwardPorts(websocketDuplex(open), sandbox.state.pid);
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** Answers 101 and returns the protocol that both know. */
function acceptSpdy({ request, socket, head }: Upgrade, supported: readonly string[]): string {
  if (request.headers.upgrade?.toLowerCase() !== "spdy/3.1") {
    throw new RequestError(400, `unable to upgrade: unsupported protocol ${JSON.stringify(request.headers.upgrade)}`);
  }
  const offered = [request.headers["x-stream-protocol-version"] ?? []].flat().flatMap((one) => one.split(",")).map((
    one,
  ) => one.trim());
  // Clients of long ago offered nothing and meant the first version.
  const chosen = offered.length === 0 ? supported.at(-1) : supported.find((protocol) => offered.includes(protocol));
  if (!chosen) {
    throw new RequestError(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${
        supported.join(" ")
      }]`,
    );
  }
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Connection: Upgrade",
    "Upgrade: SPDY/3.1",
    `X-Stream-Protocol-Version: ${chosen}`,
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  return chosen;
}
