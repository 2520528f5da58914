/** `scale`: any kind with replicas, seen as an autoscaling/v1 Scale. */
import {
  apiVersionOf,
  cannotBeHandled,
  checkTypes,
  invalid,
  isReason,
  type Json,
  type KubeObject,
  type Resource,
  StatusError,
  type StoredMeta,
  typeOf,
} from "../../schema/mod.ts";
import { copyJson } from "../objects/json_value.ts";
import { applyObject } from "../managed_fields/mod.ts";
import { type Machinery, pathOf } from "../objects/machinery.ts";
import { type Change, modify } from "../objects/modify.ts";
import { mustName } from "../objects/patch.ts";
import { read } from "../objects/read.ts";
import { badRequest, modified, otherUid } from "../objects/refusals.ts";
import type { PatchBody, Target, WriteCall, Written } from "../operations.ts";
import { applyJsonPatch, applyMergePatch } from "../patch/mod.ts";
import { scalePaths } from "./scale_paths.ts";

interface Scale extends KubeObject {
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

export const scale = { get, update, patch };

async function get(m: Machinery, target: Target): Promise<KubeObject> {
  return scaleOf(target.resource, (await read(m, target)).object);
}

async function update(m: Machinery, target: Target, body: KubeObject, call: WriteCall): Promise<Written> {
  const wanted = checkScale(target, body);
  return await write(m, target, call, () => wanted);
}

async function patch(m: Machinery, target: Target, patch: PatchBody, call: WriteCall): Promise<Written> {
  const { type, body } = patch;
  if (type === "apply") return await apply(m, target, patch, call);
  const merge = type === "json" ? applyJsonPatch : applyMergePatch;
  return await write(m, target, call, (current) => checkScale(target, merge(current as unknown as Json, body)));
}

async function write(
  m: Machinery,
  target: Target,
  call: WriteCall,
  next: (current: Scale) => Scale,
): Promise<Written> {
  const { resource, name } = target;
  return await writeThrough(m, target, call, (live) => {
    const wanted = next(scaleOf(resource, live));
    const version = wanted.metadata?.resourceVersion;
    if (version && version !== live.metadata.resourceVersion) throw modified(resource, name);
    const { uid } = wanted.metadata ?? {};
    if (uid && uid !== live.metadata.uid) throw otherUid(resource, pathOf(target), uid, live.metadata.uid);
    const object = copyJson(live) as KubeObject;
    put(object, scalePaths(resource).replicas, replicasIn(wanted, name));
    return { object, through: "scale", managed: !isOwned(live, scalePaths(resource).replicas) };
  });
}

/** Whether anybody owns a field. Replicas that are nobody's stay so: a Scale that nobody owns is not tracked. */
function isOwned({ metadata }: KubeObject, path: readonly string[]): boolean {
  type Fields = { readonly [element: string]: Fields };
  return (metadata?.managedFields ?? []).some(({ fieldsV1 }) =>
    path.reduce((at: Fields | undefined, step) => at?.[`f:${step}`], fieldsV1 as Fields | undefined) !== undefined
  );
}

/** What is applied is an object that has nothing but its replicas: that field is what the manager owns, through `scale`. */
async function apply(m: Machinery, target: Target, patch: PatchBody, call: WriteCall): Promise<Written> {
  const { resource, name, namespace } = target;
  const manager = mustName(call);
  const wanted = checkScale(target, patch.body);
  const applied: KubeObject = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
  };
  put(applied, scalePaths(resource).replicas, replicasIn(wanted, name));
  const request = { applied, resource, manager, force: patch.force ?? false, subresource: "scale", now: "" };
  return await writeThrough(m, target, call, (live) => {
    try {
      return { object: copyJson(applyObject({ ...request, live })), managed: true };
    } catch (error) {
      throw isReason(error, "Conflict") ? inWordsOfScale(error, resource) : error;
    }
  });
}

/** Whoever applies a Scale is told of a conflict in its version. */
function inWordsOfScale({ message, details }: StatusError, resource: Resource): StatusError {
  const shown = (text = "") => text.replaceAll(` using ${apiVersionOf(resource)}`, " using autoscaling/v1");
  const causes = details.causes?.map((cause) => ({ ...cause, message: shown(cause.message) }));
  return new StatusError("Conflict", shown(message), { ...details, causes });
}

/** Makes the change on the object itself, as the replicas are a part of its spec, and answers with its Scale. */
async function writeThrough(m: Machinery, target: Target, call: WriteCall, change: Change): Promise<Written> {
  const revision = await modify(m, target, { ...call, subresource: undefined }, change);
  const shown = scaleOf(target.resource, revision.object);
  return { revision: revision.withObject(shown), created: false };
}

/** Throws BadRequest for what is no Scale, or another object's. */
function checkScale({ name, namespace }: Target, body: unknown): Scale {
  const resource = { group: "autoscaling", version: "v1", kind: "Scale" };
  if (body === null) throw badRequest("expected a Scale, not null");
  const wrong = checkTypes(typeOf("autoscaling/v1", "Scale")!, body);
  if (wrong.length > 0) throw cannotBeHandled(resource, wrong, name);
  const { kind, metadata } = body as Scale;
  if (kind && kind !== "Scale") throw badRequest(`expected a Scale, not a ${kind}`);
  if (metadata?.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (metadata?.namespace && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return body as Scale;
}

function replicasIn({ spec }: Scale, name: string): number {
  const replicas = spec?.replicas ?? 0;
  if (Number.isInteger(replicas) && replicas >= 0) return replicas;
  throw invalid({ group: "autoscaling", kind: "Scale" }, name, [{
    reason: "FieldValueInvalid",
    field: "spec.replicas",
    message: `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
  }]);
}

/** Go leaves out what is 0. */
function nonZero(replicas: number): Scale["spec"] {
  return replicas === 0 ? {} : { replicas };
}

function scaleOf(resource: Resource, object: KubeObject): Scale {
  const paths = scalePaths(resource);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata as StoredMeta;
  const selector = paths.selector && selectorText(at(object, paths.selector));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: nonZero(Number(at(object, paths.replicas) ?? 0)),
    status: { replicas: Number(at(object, paths.status) ?? 0), ...(selector ? { selector } : {}) },
  };
}

function at(object: unknown, path: readonly string[]): unknown {
  return path.reduce((value, step) => (value as Record<string, unknown> | undefined)?.[step], object);
}

function put(object: KubeObject, path: readonly string[], value: number): void {
  let place = object as Record<string, unknown>;
  for (const step of path.slice(0, -1)) place = (place[step] ??= {}) as Record<string, unknown>;
  place[path.at(-1)!] = value;
}

interface LabelSelector {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

/** A selector as the text that `labelSelector=` takes. */
function selectorText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  const { matchLabels, matchExpressions = [] } = value as LabelSelector;
  // A ReplicationController's selector is the labels themselves.
  const labels = matchLabels ?? ("matchExpressions" in value ? {} : value as Record<string, string>);
  const equals = Object.entries(labels).map(([name, wanted]) => `${name}=${wanted}`);
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator === "In" ? "in" : "notin"} (${[...values].sort().join(",")})`;
  });
  return [...equals, ...others].sort().join(",");
}
