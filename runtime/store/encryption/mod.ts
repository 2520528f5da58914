/** Encryption at rest. */
export * from "./configuration.ts";
export * from "./encrypted_store.ts";
export type { KmsCall } from "./kms.ts";
export { EncryptionRules } from "./rules.ts";
