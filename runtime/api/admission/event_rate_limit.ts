/**
 * EventRateLimit: writes of events beyond a rate are turned away, by server, namespace, user, or what they are about, so that
 * a pod that fails in a loop does not fill the store.
 *
 * Laws: a bucket holds `burst` at most and gets `qps` a second; of each kind at most `cacheSize` are kept, those that nobody
 * asked for longest are forgotten.
 * Source: https://kubernetes.io/docs/reference/config-api/apiserver-eventratelimit.v1alpha1/
 */
import { z } from "zod";
import type { Clock } from "../../loop/controller.ts";
import { groupResourceOf, StatusError } from "../../schema/mod.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

const positive = z.int().min(1);
const limit = z.strictObject({
  type: z.enum(["Server", "Namespace", "User", "SourceAndObject"]),
  qps: positive,
  burst: positive,
  cacheSize: z.int().min(0).optional(),
});

export const eventRateLimitConfiguration = z.strictObject({
  apiVersion: z.literal("eventratelimit.admission.k8s.io/v1alpha1"),
  kind: z.literal("Configuration"),
  limits: z.array(limit).min(1),
});

export type EventLimit = z.infer<typeof limit>;

const events = new Set(["events", "events.events.k8s.io"]);
const usualCacheSize = 4096;

interface Event {
  readonly source?: Readonly<Record<string, string>>;
  readonly involvedObject?: Readonly<Record<string, string>>;
}

const keys: Readonly<Record<EventLimit["type"], (request: AdmissionRequest) => string>> = {
  Server: () => "",
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: ({ object }) => {
    const { source = {}, involvedObject: about = {} } = object as Event;
    const { kind, namespace, name, uid, apiVersion } = about;
    return [source.component, source.host, kind, namespace, name, uid, apiVersion].map((part) => part ?? "").join("");
  },
};

export function eventRateLimit(limits: readonly EventLimit[], clock: Pick<Clock, "now">): AdmissionPlugin {
  const enforced = limits.map((limit) => ({ limit, buckets: new Buckets(limit, clock) }));
  return {
    name: "EventRateLimit",
    validate(request) {
      const { resource, operation, subresource, dryRun } = request;
      if (!events.has(groupResourceOf(resource)) || subresource || dryRun) return;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      const over = enforced.map(({ limit: { type }, buckets }) => {
        const key = keys[type](request);
        return buckets.take(key) ? undefined : `limit reached on type ${type} for key ${key}`;
      }).filter((refusal) => refusal !== undefined);
      if (over.length === 0) return;
      throw new StatusError("TooManyRequests", over.length === 1 ? over[0]! : `[${over.join(", ")}]`);
    },
  };
}

class Buckets {
  readonly #held = new Map<string, { tokens: number; atMs: number }>();

  constructor(private readonly limit: EventLimit, private readonly clock: Pick<Clock, "now">) {}

  take(key: string): boolean {
    const { qps, burst, cacheSize, type } = this.limit;
    const now = this.clock.now();
    const { tokens, atMs } = this.#held.get(key) ?? { tokens: burst, atMs: now };
    const filled = Math.min(burst, tokens + (now - atMs) / 1000 * qps);
    const taken = filled >= 1;
    this.#held.delete(key); // at the end again: the map is in the order of use
    this.#held.set(key, { tokens: taken ? filled - 1 : filled, atMs: now });
    const most = type === "Server" ? 1 : cacheSize || usualCacheSize;
    if (this.#held.size > most) this.#held.delete(this.#held.keys().next().value!);
    return taken;
  }
}
