/** The revisioned store: the interface, and sqlite and etcd behind it. */
export * from "./store.ts";
export { openEtcdStore } from "./etcd/etcd_store.ts";
export type { EtcdOptions } from "./etcd/gateway.ts";
export { openStore } from "./open_store.ts";
export { openSqliteStore } from "./sqlite/sqlite_store.ts";
