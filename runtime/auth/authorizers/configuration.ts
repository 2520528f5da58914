/**
 * apiserver.config.k8s.io/v1 AuthorizationConfiguration: who is asked whether a request is allowed, in which order.
 *
 * Source: https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-AuthorizationConfiguration,
 * KEP-3221
 */
import { z } from "zod";

const text = z.string().default("");

const webhook = z.strictObject({
  authorizedTTL: z.string().default("5m"),
  cacheAuthorizedRequests: z.boolean().default(true),
  unauthorizedTTL: z.string().default("30s"),
  cacheUnauthorizedRequests: z.boolean().default(true),
  timeout: text,
  subjectAccessReviewVersion: text,
  matchConditionSubjectAccessReviewVersion: text,
  failurePolicy: text,
  connectionInfo: z.strictObject({ type: text, kubeConfigFile: text }).prefault({}),
  matchConditions: z.array(z.strictObject({ expression: text })).default([]),
});

export const authorizationSchema = z.strictObject({
  authorizers: z.array(z.strictObject({ type: text, name: text, webhook: webhook.optional() })).default([]),
});

export type AuthorizationConfiguration = z.output<typeof authorizationSchema>;
export type WebhookConfiguration = z.output<typeof webhook>;
