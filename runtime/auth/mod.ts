/** Who asks, whether they may, and the keys and certificates that prove it. */
export * from "./atomic_file.ts";
export * from "./authenticators.ts";
export * from "./authorizers/mod.ts";
export * from "./bootstrap_token.ts";
export * from "./certificate.ts";
export * from "./certificate_facts.ts";
export * from "./cluster_access.ts";
export * from "./join_token.ts";
export * from "./jwt/mod.ts";
export * from "./node/mod.ts";
export * from "./peer_certificate.ts";
export * from "./pki.ts";
export * from "./rbac/mod.ts";
export * from "./request_headers.ts";
export * from "./service_account_token.ts";
export * from "./signing_request.ts";
export * from "./user.ts";
