/**
 * Which devices a container gets. Docker remembers: containers carry the ids of theirs in a label, so that an agent that
 * comes back gives none of them twice, and a container that runs again gets the same.
 */
import { amountsOf } from "../../scheduler/amounts.ts";
import type { DeviceIds } from "../container/identity.ts";
import type { Container, Pod } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { freeDevices, holderOf } from "./free_devices.ts";
import type { Grant } from "./protocol.ts";

export interface Allocated {
  readonly ids: DeviceIds;
  readonly grants: readonly Grant[];
}

/** Throws when there are too few of them, or the plugin has a say against it. */
export async function allocateDevices(agent: Agent, pod: Pod, container: Container): Promise<Allocated> {
  const wanted = Object.entries(amountsOf(container.resources?.limits)).filter(([name, count]) =>
    count > 0 && agent.devices.isManaged(name)
  );
  const ids: Record<string, readonly string[]> = {};
  const grants: Grant[] = [];
  for (const [resource, count] of wanted) {
    const plugin = agent.devices.pluginOf(resource);
    if (!plugin) throw new Error(`no device plugin serves ${resource} now`);
    ids[resource] = await choose(agent, pod, { container, resource, count });
    grants.push(await plugin.allocate(ids[resource]));
  }
  return { ids, grants };
}

interface Wanted {
  readonly container: Container;
  readonly resource: string;
  readonly count: number;
}

/** Between the plugin's wish and the choice nobody else may choose: the wish is asked for first. */
async function choose(agent: Agent, pod: Pod, { container, resource, count }: Wanted): Promise<readonly string[]> {
  const plugin = agent.devices.pluginOf(resource)!;
  const before = agent.mirror.of(pod.metadata.uid).findLast(({ name, devices }) =>
    name === container.name && devices[resource]?.length === count
  );
  if (before) return before.devices[resource]!;
  const healthy = plugin.devices.filter(({ healthy }) => healthy).map(({ id }) => id);
  const own = holderOf(pod.metadata.uid, container.name);
  const wish = await plugin.prefer(freeDevices(agent, { healthy, resource, own }), count);
  const free = freeDevices(agent, { healthy, resource, own });
  if (free.length < count) {
    throw new Error(
      `requested number of devices unavailable for ${resource}. Requested: ${count}, Available: ${free.length}`,
    );
  }
  const isGood = wish.length === count && new Set(wish).size === count && wish.every((id) => free.includes(id));
  const chosen = isGood ? wish : free.slice(0, count);
  agent.chosenDevices.set(own, { ...agent.chosenDevices.get(own), [resource]: chosen });
  return chosen;
}
