/** A definition's conversion: by nobody, or by a webhook that can be asked. Fields are called as in upstream's own form. */
import { type FieldError, forbidden, notSupported, required, validateReviewedWebhook } from "../../schema/mod.ts";
import type { DefinitionSpec } from "./rows.ts";

const place = "spec.conversion";

export function conversionFaults({ conversion }: DefinitionSpec): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const at = `${place}.strategy`;
  if (strategy === "Webhook") return webhookFaults(webhook);
  if (!strategy) return [required(at)];
  const faults = strategy === "None" ? [] : [notSupported(at, strategy, ["None", "Webhook"])];
  const why = "should not be set when strategy is not set to Webhook";
  if (webhook?.clientConfig) faults.push(forbidden(`${place}.webhookClientConfig`, why));
  if (webhook?.conversionReviewVersions?.length) faults.push(forbidden(`${place}.conversionReviewVersions`, why));
  return faults;
}

function webhookFaults(webhook: NonNullable<DefinitionSpec["conversion"]>["webhook"]): FieldError[] {
  const config = webhook?.clientConfig;
  const versions = webhook?.conversionReviewVersions;
  const missing = required(`${place}.webhookClientConfig`, "required when strategy is set to Webhook");
  const reviewed = validateReviewedWebhook({ webhookClientConfig: config, conversionReviewVersions: versions }, place);
  return config ? reviewed : [missing, ...reviewed];
}
