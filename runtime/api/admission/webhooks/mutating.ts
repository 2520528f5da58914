/**
 * MutatingAdmissionWebhook: one after the other, each sees what those before it made of the object. When any of them
 * changed it, all plugins look again, and of the webhooks those that ask for it (`reinvocationPolicy: IfNeeded`) and whose
 * work was changed after them.
 */
import {
  apiVersionOf,
  applyDefaults,
  checkTypes,
  type Json,
  type KubeObject,
  pruneUnknown,
} from "../../../schema/mod.ts";
import { copyJson } from "../../objects/json_value.ts";
import { applyJsonPatch } from "../../patch/mod.ts";
import type { AdmissionPlugin, AdmissionRequest, Admitted, ClusterView } from "../admission.ts";
import { ask, type Asker, type Verdict, type WebhookContext } from "./ask.ts";
import { mayBeAsked } from "./matching.ts";
import { failedCalling } from "./refusals.ts";
import { asVersion } from "./review.ts";
import { type Webhook, webhooksOf } from "./webhook.ts";

/** The object as each webhook of the first round left it, by the webhook's id. */
type Left = Map<string, string>;

export function mutatingWebhooks(context: WebhookContext): AdmissionPlugin {
  const asker: Asker = { ...context, type: "admit" };
  const rounds = new WeakMap<KubeObject, Left>();
  return {
    name: "MutatingAdmissionWebhook",
    admit(request, view) {
      const webhooks = webhooksOf(view, "mutatingwebhookconfigurations");
      if (webhooks.length === 0 || !mayBeAsked(request)) return;
      const left: Left = request.object && rounds.get(request.object) || new Map();
      if (request.object) rounds.set(request.object, left);
      return inTurn(webhooks, request, view, asker, left);
    },
  };
}

async function inTurn(
  webhooks: readonly Webhook[],
  request: AdmissionRequest,
  view: ClusterView,
  context: Asker,
  left: Left,
): Promise<Admitted> {
  let changed = false;
  for (const webhook of webhooks) {
    if (request.again && !asksAgain(webhook, request, left)) continue;
    const answer = await ask(webhook, request, view, context);
    if (!answer) continue;
    if (answer.patch?.length) changed = change(webhook, request, answer) || changed;
    if (!request.again) left.set(webhook.id, JSON.stringify(request.object));
  }
  return changed ? "changed" : undefined;
}

function asksAgain({ id, reinvocationPolicy }: Webhook, { object }: AdmissionRequest, left: Left): boolean {
  const before = left.get(id);
  return reinvocationPolicy === "IfNeeded" && before !== undefined && before !== JSON.stringify(object);
}

/** In place; what comes out is decoded and defaulted as if the client had sent it. */
function change(webhook: Webhook, { resource, object }: AdmissionRequest, { patch = [], matched }: Verdict): boolean {
  if (!object) return false;
  const before = JSON.stringify(object);
  const { name, namespace, uid } = object.metadata ?? {};
  try {
    const seen = asVersion(copyJson(object), resource, apiVersionOf(matched));
    const patched = asVersion(
      applyJsonPatch(seen as unknown as Json, patch) as KubeObject,
      matched,
      apiVersionOf(resource),
    );
    Object.assign(patched.metadata ??= {}, copyJson({ name, namespace, uid }));
    if (patched.kind !== object.kind || patched.apiVersion !== object.apiVersion) {
      throw new Error(`the patch makes ${patched.apiVersion} ${patched.kind} of ${object.apiVersion} ${object.kind}`);
    }
    if (patched.kind === resource.kind) complete(resource, patched);
    for (const field of Object.keys(object)) delete object[field];
    Object.assign(object, patched);
  } catch (error) {
    throw failedCalling(webhook, error);
  }
  return JSON.stringify(object) !== before;
}

/** Throws where the patch made something that is no such object. */
function complete(resource: AdmissionRequest["resource"], patched: KubeObject): void {
  const wrong = checkTypes(resource.type, patched);
  if (wrong.length > 0) throw new Error(wrong.map(({ field, message }) => `${field}: ${message}`).join(", "));
  pruneUnknown(resource.type, patched);
  applyDefaults(resource, patched);
}
