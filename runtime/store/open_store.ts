/** `--store` in words: `sqlite:PATH` or `etcd=https://host:2379[,https://...]`. */
import { openEtcdStore } from "./etcd/etcd_store.ts";
import type { EtcdOptions } from "./etcd/gateway.ts";
import { openSqliteStore } from "./sqlite/sqlite_store.ts";
import { type Store, StoreError } from "./store.ts";

export function openStore(spec: string, { tls }: { readonly tls?: EtcdOptions["tls"] } = {}): Promise<Store> {
  const [, kind, rest = ""] = /^(sqlite|etcd)[:=](.+)$/.exec(spec) ?? [];
  if (kind === "sqlite") return openSqliteStore({ path: rest });
  if (kind === "etcd") return openEtcdStore({ endpoints: rest.split(","), tls });
  return Promise.reject(
    new StoreError(
      "refused",
      `store "${spec}" is not known: use sqlite:PATH or etcd=https://HOST:2379[,https://HOST:2379]`,
    ),
  );
}
