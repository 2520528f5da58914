/** Who is asked whether a request is allowed, by a file. */
export * from "./structured_authorization.ts";
export type { WebhookTarget } from "./webhook_authorizer.ts";
