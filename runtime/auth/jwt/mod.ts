/** Tokens of issuers outside the cluster. */
export * from "./structured_authentication.ts";
