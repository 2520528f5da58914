/**
 * `/checkpoint/NAMESPACE/POD/CONTAINER`: docker writes checkpoints by CRIU, as an experiment and in a form that is no archive:
 * it is refused as upstream does on an engine that has none.
 */
import type { IncomingMessage } from "node:http";
import type { Agent } from "../sync/agent.ts";
import { findContainer, findPod } from "./find_container.ts";
import { RequestError } from "./request_error.ts";

export function checkpoint(agent: Agent, { url, request }: { url: URL; request: IncomingMessage }): never {
  if (request.method !== "POST") throw new RequestError(405, "405: Method Not Allowed");
  const [, , namespace = "", podName = "", name = ""] = url.pathname.split("/").map(decodeURIComponent);
  const container = findContainer(findPod(agent, namespace, podName), name);
  const where = `${namespace}/${podName}/${container.name}`;
  throw new RequestError(500, `checkpointing of ${where} failed (the container runtime has no checkpoints)`);
}
