/**
 * Keeps the default FlowSchemas and levels: made at the start, made again when deleted, put right unless their owner says
 * that they are his (`apf.kubernetes.io/autoupdate-spec: "false"`); the mandatory ones always. And tells of every
 * FlowSchema whether its level is there.
 */
import { isReason, type KubeObject, type Stored } from "../../schema/mod.ts";
import { apiServerUser, ensureMatches, type Keeper } from "../bootstrap/ensure.ts";
import type { WatchCache } from "../cache/mod.ts";
import { copyJson } from "../objects/json_value.ts";
import type { FlowSchema } from "./classify.ts";
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from "./defaults.ts";

export interface KeepDefaults {
  readonly keeper: Keeper;
  readonly cache: WatchCache;
  /** RFC 3339. */
  readonly now: () => string;
  readonly onTrouble: (error: unknown) => void;
}

const autoupdate = "apf.kubernetes.io/autoupdate-spec";
const group = "flowcontrol.apiserver.k8s.io";
const schemaPrefix = "/registry/flowschemas";
const levelPrefix = "/registry/prioritylevelconfigurations";

/** Resolves when all are there; dispose to stop keeping them. */
export async function keepFlowDefaults(options: KeepDefaults): Promise<Disposable> {
  const { cache, onTrouble } = options;
  await ensureAll(options);
  let running: Promise<void> | undefined;
  const again = () => {
    running ??= Promise.resolve().then(() => (running = undefined, ensureAll(options))).catch(onTrouble);
  };
  const sink = { event: again, bookmark: () => {}, closed: () => {} };
  const stack = new DisposableStack();
  for (const prefix of [schemaPrefix, levelPrefix]) {
    const start = { selection: { folder: "" }, sink, bookmarks: false, after: cache.revision };
    stack.use(cache.resource(prefix).watch(start, cache.revision));
  }
  return stack;
}

async function ensureAll(options: KeepDefaults): Promise<void> {
  const { keeper, cache } = options;
  const present = (prefix: string, { metadata }: KubeObject) => cache.resource(prefix).get(metadata!.name!)?.object;
  const wanted = (prefix: string, objects: readonly KubeObject[]) =>
    objects.filter((object) => present(prefix, object)?.metadata.annotations?.[autoupdate] !== "false");
  await dropOld(options);
  const levels = [...mandatoryLevels, ...wanted(levelPrefix, suggestedLevels)];
  const schemas = [...mandatorySchemas, ...wanted(schemaPrefix, suggestedSchemas)];
  await Promise.all([...levels, ...schemas].map((object) => ensureMatches(keeper, copyJson(object))));
  await Promise.all(
    cache.resource(schemaPrefix).list().map(({ object }) => tellDangling(object as FlowSchema, options)),
  );
}

/** What an older version suggested and nobody made his own. */
async function dropOld({ keeper, cache }: KeepDefaults): Promise<void> {
  const kept = new Set([...mandatoryLevels, ...suggestedLevels, ...mandatorySchemas, ...suggestedSchemas].map(nameOf));
  for (
    const [prefix, plural] of [[schemaPrefix, "flowschemas"], [levelPrefix, "prioritylevelconfigurations"]] as const
  ) {
    const resource = keeper.registry.find(group, "v1", plural)!;
    for (const { object } of cache.resource(prefix).list()) {
      if (object.metadata.annotations?.[autoupdate] !== "true" || kept.has(nameOf(object))) continue;
      const target = { resource, namespace: "", name: object.metadata.name };
      await keeper.operations.delete(target, { user: apiServerUser }).catch(unlessGone);
    }
  }
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata!.name}`;
}

function unlessGone(error: unknown): void {
  if (!isReason(error, "Conflict", "NotFound")) throw error;
}

interface Condition {
  type: string;
  status: string;
}

async function tellDangling(schema: FlowSchema, { keeper, cache, now }: KeepDefaults): Promise<void> {
  const level = schema.spec.priorityLevelConfiguration.name;
  const found = cache.resource(levelPrefix).get(level) !== undefined;
  const conditions = ((schema as Stored & { status?: { conditions?: Condition[] } }).status?.conditions) ?? [];
  const status = found ? "False" : "True";
  if (conditions.some((one) => one.type === "Dangling" && one.status === status)) return;
  const words = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const dangling = {
    ...{ type: "Dangling", status, lastTransitionTime: now() },
    reason: found ? "Found" : "NotFound",
    message: `${words} ${found ? "and it exists" : "but there is no such object"}`,
  };
  const others = conditions.filter(({ type }) => type !== "Dangling");
  const object = copyJson({ ...schema, status: { conditions: [...others, dangling] } }) as unknown as KubeObject;
  const resource = keeper.registry.find(group, "v1", "flowschemas")!;
  const call = {
    user: apiServerUser,
    fieldManager: "api-priority-and-fairness-config-consumer-v1",
    subresource: "status",
  };
  await keeper.operations.update({ resource, namespace: "", name: schema.metadata.name }, object, call)
    .catch(unlessGone);
}
