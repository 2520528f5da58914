/** Removes the containers that the kubelet of this data folder made, and nothing else that docker runs. */
import { type Engine, EngineError } from "../engine/mod.ts";

const podLabel = "io.kubernetes.pod.uid";

/** How many there were. */
export async function removePodContainers(engine: Engine): Promise<number> {
  const found = await engine.list(podLabel);
  // Sandboxes last: the others live in their network namespaces.
  const isSandbox = (labels: Readonly<Record<string, string>>) => labels["io.kubernetes.docker.type"] === "podsandbox";
  for (const sandboxes of [false, true]) {
    await Promise.all(
      found.filter(({ labels }) => isSandbox(labels) === sandboxes).map(({ id }) => remove(engine, id)),
    );
  }
  return found.length;
}

async function remove(engine: Engine, id: string): Promise<void> {
  try {
    await engine.stop(id, 2);
    await engine.remove(id);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 404) throw error;
  }
}
