/** `/run/NAMESPACE/POD[/UID]/CONTAINER?cmd=...`: runs a command to its end and answers with what it wrote. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Agent } from "../sync/agent.ts";
import { findContainer, findPod, runningContainer } from "./find_container.ts";
import { RequestError } from "./request_error.ts";

export async function runCommand(
  agent: Agent,
  { url, request, response }: { url: URL; request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  if (request.method !== "POST") throw new RequestError(405, "405: Method Not Allowed");
  const [, , namespace = "", podName = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const command = (url.searchParams.get("cmd") ?? "").split(" ").filter((word) => word !== "");
  if (command.length === 0) throw new RequestError(400, "you must specify a command in the query parameter cmd");
  const pod = findPod(agent, namespace, podName);
  const { state } = runningContainer(agent, pod, findContainer(pod, rest.at(-1)).name);
  const options = { command, stdin: false, stdout: true, stderr: true, tty: false };
  await using session = await agent.engine.exec(state.id, options);
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of session.output) chunks.push(bytes);
  const code = await session.exitCode();
  response.writeHead(code === 0 ? 200 : 500, { "content-type": "text/plain; charset=utf-8" });
  response.end(new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()));
}
