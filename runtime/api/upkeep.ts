/**
 * What the API server does by itself while it runs: bookmarks, compaction, the kinds and policies that definitions make,
 * and the objects that it keeps (namespaces, roles, ServiceCIDR, levels of flow control, the `kubernetes` Service).
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../loop/controller.ts";
import { ipText, rangeText } from "../schema/mod.ts";
import { ensureDefaultPolicy } from "./access/default_policy.ts";
import { followAccess } from "./access/follow_access.ts";
import { followPolicies } from "./admission/policy/follow_policies.ts";
import { claimStored } from "./allocators/address_claims.ts";
import type { ApiOptions } from "./api_options.ts";
import { keepDefaultServiceCidr } from "./bootstrap/default_service_cidr.ts";
import { keepKubernetesService } from "./bootstrap/kubernetes_service.ts";
import { ensureSystemObjects } from "./bootstrap/system_objects.ts";
import { compactionMs, compactionSteps } from "./compaction.ts";
import type { ApiCore } from "./core.ts";
import { followDefinitions } from "./custom_resources/registrar.ts";
import { keepFlowDefaults } from "./flow_control/keep_defaults.ts";
import { timestamp } from "./objects/machinery.ts";

const bookmarkMs = 60_000;
const log = getLogger(["d8s", "api"]);

/** Resolves when all that requests rely on is there; disposed of, nothing goes on. */
export async function upkeep(core: ApiCore, options: ApiOptions): Promise<Disposable> {
  const { operations, registry, machinery: { cache } } = core;
  const { clock, access, advertised } = options;
  const now = () => timestamp(clock.now());
  const keeper = { operations, registry };
  using held = new DisposableStack();
  held.use(every(clock, bookmarkMs, () => cache.bookmark()));
  held.use(
    every(clock, compactionMs, compactionSteps(options.store, cache, trouble("the store could not be compacted"))),
  );
  const definitions = { cache, registry, operations, onTrouble: trouble("a definition could not be served") };
  held.use(followDefinitions({ ...definitions, now: () => clock.now() }));
  held.use(followPolicies(definitions));
  await ensureSystemObjects(keeper, now().slice(0, 10));
  const cidrs = core.ranges.map(rangeText);
  const kept = (what: string) => ({ keeper, cache, now, onTrouble: trouble(`${what} could not be kept`) });
  held.use(await keepDefaultServiceCidr({ ...kept("the default ServiceCIDR"), cidrs }));
  await claimStored(core.machinery);
  if (access) {
    held.use(followAccess(cache, access));
    await ensureDefaultPolicy(keeper);
  }
  held.use(await keepFlowDefaults(kept("the defaults of flow control")));
  if (advertised) {
    held.use(await keepKubernetesService({ ...kept("the kubernetes Service"), advertised, clusterIp: firstOf(core) }));
  }
  return held.move();
}

/** The address of the `kubernetes` Service. */
function firstOf({ ranges: [range] }: ApiCore): string {
  return ipText({ family: range!.family, number: range!.first + 1n });
}

function trouble(what: string): (error: unknown) => void {
  return (error) => log.warn(what, { error });
}

function every(clock: Clock, ms: number, callback: () => void): Disposable {
  let timer: Disposable;
  const again = () => {
    timer = clock.after(ms, () => {
      callback();
      again();
    });
  };
  again();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
