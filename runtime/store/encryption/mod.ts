/** Encryption at rest. */
export * from "./configuration.ts";
export * from "./encrypted_store.ts";
