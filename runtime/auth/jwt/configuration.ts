/**
 * apiserver.config.k8s.io/v1 AuthenticationConfiguration: whose tokens are believed besides the cluster's own, and what becomes
 * of their claims.
 *
 * Source: https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-AuthenticationConfiguration,
 * KEP-3331
 */
import { z } from "zod";

const text = z.string().default("");

const prefixed = z.strictObject({ claim: text, prefix: z.string().optional(), expression: text });
const plain = z.strictObject({ claim: text, expression: text });
const none = { claim: "", expression: "" };

const issuer = z.strictObject({
  url: text,
  discoveryURL: text,
  certificateAuthority: text,
  audiences: z.array(z.string()).default([]),
  audienceMatchPolicy: text,
  egressSelectorType: text,
});

const jwt = z.strictObject({
  issuer: issuer.prefault({}),
  claimValidationRules: z.array(
    z.strictObject({ claim: text, requiredValue: text, expression: text, message: text }),
  ).default([]),
  claimMappings: z.strictObject({
    username: prefixed.default(none),
    groups: prefixed.default(none),
    uid: plain.default(none),
    extra: z.array(z.strictObject({ key: text, valueExpression: text })).default([]),
  }).prefault({}),
  userValidationRules: z.array(z.strictObject({ expression: text, message: text })).default([]),
});

export const authenticationSchema = z.strictObject({
  jwt: z.array(jwt).default([]),
  anonymous: z.strictObject({
    enabled: z.boolean().default(false),
    conditions: z.array(z.strictObject({ path: text })).default([]),
  }).optional(),
});

export type AuthenticationConfiguration = z.output<typeof authenticationSchema>;
export type JwtConfiguration = z.output<typeof jwt>;
export type ClaimMapping = z.output<typeof prefixed>;
