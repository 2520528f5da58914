/**
 * Conversion between the versions of a custom resource by its author's webhook: apiextensions.k8s.io ConversionReview.
 *
 * Laws: a webhook decides about the object, its labels and its annotations; an object that becomes another is refused, and
 * all other metadata stays as it was.
 */
import { type Json, type KubeObject, StatusError } from "../../schema/mod.ts";
import type { ClusterView } from "../admission/admission.ts";
import { callWebhook } from "../admission/webhooks/call.ts";
import type { DefinitionSpec } from "./rows.ts";

/** Objects of any version of one kind in the one that is asked for. Throws InternalError in upstream's words. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>;

export interface Converters {
  readonly view: ClusterView;
  /** In [0, 1). */
  readonly random: () => number;
}

const usualSeconds = 30;
const spoken = ["v1", "v1beta1"];

/** `undefined`: versions differ in nothing but their name. */
export function converterOf(
  { group, names, conversion }: DefinitionSpec,
  { view, random }: Converters,
): Convert | undefined {
  const webhook = conversion?.strategy === "Webhook" ? conversion.webhook : undefined;
  const clientConfig = webhook?.clientConfig;
  if (!clientConfig) return undefined;
  const version = webhook.conversionReviewVersions?.find((one) => spoken.includes(one)) ?? "v1";
  return async (objects, apiVersion) => {
    const uid = crypto.randomUUID();
    const review = reviewOf(objects, apiVersion, version, uid);
    try {
      const call = { clientConfig, timeoutSeconds: usualSeconds, review, random: random() };
      return convertedIn(await callWebhook(call, view), objects, apiVersion, uid);
    } catch (error) {
      const from = objects[0]?.apiVersion ?? group;
      const outcome = error instanceof UnusableAnswer ? "returned" : "failed:";
      const words = `conversion webhook for ${from}, Kind=${names.kind} ${outcome} ${(error as Error).message}`;
      throw new StatusError("InternalError", words, {}, { cause: error });
    }
  };
}

function reviewOf(objects: readonly KubeObject[], desiredAPIVersion: string, version: string, uid: string): Json {
  const request = { uid, desiredAPIVersion, objects };
  return { kind: "ConversionReview", apiVersion: `apiextensions.k8s.io/${version}`, request } as unknown as Json;
}

interface Answer {
  readonly kind?: string;
  readonly response?: {
    readonly uid?: string;
    readonly convertedObjects?: readonly KubeObject[];
    readonly result?: { readonly status?: string; readonly message?: string };
  };
}

function convertedIn(text: string, objects: readonly KubeObject[], apiVersion: string, uid: string): KubeObject[] {
  const { kind, response } = JSON.parse(text) as Answer;
  if (kind !== "ConversionReview" || !response) throw new Error("invalid response: expected a ConversionReview");
  if (response.uid !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid)}`);
  }
  if (response.result?.status !== "Success") throw new Error(response.result?.message || "no result.message was given");
  const converted = response.convertedObjects ?? [];
  if (converted.length !== objects.length) {
    throw new UnusableAnswer(`${converted.length} objects, expected ${objects.length}`);
  }
  return converted.map((object, i) => {
    const before = objects[i]!;
    const why = difference(object, before, apiVersion);
    if (why) throw new UnusableAnswer(`invalid converted object at index ${i}: ${why}`);
    return kept(object, before);
  });
}

/** The webhook did answer, with something that is not what was asked for. */
class UnusableAnswer extends Error {}

/** Why it is not the same object in the wanted version. */
function difference(object: KubeObject, before: KubeObject, apiVersion: string): string | undefined {
  if (object?.apiVersion !== apiVersion) {
    return `invalid groupVersion (expected ${apiVersion}, received ${object?.apiVersion ?? ""})`;
  }
  const { metadata: now = {} } = object;
  const { metadata: was = {} } = before;
  const same = [
    ["kind", before.kind, object.kind],
    ["name", was.name, now.name],
    ["namespace", was.namespace, now.namespace],
    ["UID", was.uid, now.uid],
  ] as const;
  const found = same.find(([, old = "", given = ""]) => old !== given);
  return found && `must have the same ${found[0]}: ${found[1] ?? ""} != ${found[2] ?? ""}`;
}

function kept(object: KubeObject, before: KubeObject): KubeObject {
  const { labels, annotations } = object.metadata ?? {};
  const { labels: _, annotations: _annotations, ...own } = before.metadata ?? {};
  return { ...object, metadata: { ...own, ...labels ? { labels } : {}, ...annotations ? { annotations } : {} } };
}
