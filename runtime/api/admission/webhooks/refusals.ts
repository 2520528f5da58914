/** What a webhook's answer, or its silence, means for the caller: in upstream's words. */
import { type Reason, StatusError } from "../../../schema/mod.ts";
import type { ReviewAnswer } from "./review.ts";
import type { Webhook } from "./webhook.ts";

const leastCode = 400;

export function denied({ name }: Webhook, { status = {} }: ReviewAnswer): StatusError {
  const { message, reason, code = 0, details } = status;
  const why = message || reason;
  const said = `admission webhook ${JSON.stringify(name)} denied the request${
    why ? `: ${why}` : " without explanation"
  }`;
  return new StatusError((reason ?? "") as Reason, said, { ...details }, { code: code < leastCode ? leastCode : code });
}

/** Nothing can be said of the request, and the webhook says that this is a no. */
export function failedCalling({ name }: Webhook, error: unknown): StatusError {
  const why = `failed calling webhook ${JSON.stringify(name)}: ${
    error instanceof Error ? error.message : String(error)
  }`;
  const details = { causes: [{ message: why }] };
  return new StatusError("InternalError", `Internal error occurred: ${why}`, details, { cause: error });
}

export function dryRunRefused({ name }: Webhook): StatusError {
  return new StatusError("BadRequest", `admission webhook ${JSON.stringify(name)} does not support dry run`);
}
