/** ValidatingAdmissionWebhook: all that have a say are asked at once; the first refusal in their order is the answer. */
import type { AdmissionPlugin } from "../admission.ts";
import { ask, type Asker, type WebhookContext } from "./ask.ts";
import { mayBeAsked } from "./matching.ts";
import { webhooksOf } from "./webhook.ts";

export function validatingWebhooks(context: WebhookContext): AdmissionPlugin {
  const asker: Asker = { ...context, type: "validating" };
  return {
    name: "ValidatingAdmissionWebhook",
    validate(request, view) {
      const webhooks = webhooksOf(view, "validatingwebhookconfigurations");
      if (webhooks.length === 0 || !mayBeAsked(request)) return;
      return settled(webhooks.map((webhook) => ask(webhook, request, view, asker)));
    },
  };
}

async function settled(asked: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(asked);
  const refused = outcomes.find((outcome) => outcome.status === "rejected");
  if (refused) throw refused.reason;
}
