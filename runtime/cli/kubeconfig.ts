/**
 * The `d8s` entry of a kubeconfig: adding it leaves every other cluster, user, context and unknown field as it is, and
 * makes it the current one, as kind and minikube do; removing it leaves no trace.
 *
 * Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
import { dump, loadAll } from "js-yaml";
import { readIfThere, writeFileAtomic } from "../auth/mod.ts";

export interface Access {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

type Named = { name: string; [field: string]: unknown };
interface Kubeconfig {
  clusters?: Named[] | null;
  users?: Named[] | null;
  contexts?: Named[] | null;
  "current-context"?: string;
  [field: string]: unknown;
}

export const contextName = "d8s";

export function mergeAccess(config: Kubeconfig, { server, ca, cert, key }: Access): Kubeconfig {
  const cluster = { server, "certificate-authority-data": btoa(ca) };
  const user = { "client-certificate-data": btoa(cert), "client-key-data": btoa(key) };
  const before = (config.contexts ?? []).find(({ name }) => name === contextName)?.context as object | undefined;
  return {
    apiVersion: "v1",
    kind: "Config",
    ...config,
    clusters: replaced(config.clusters, { name: contextName, cluster }),
    users: replaced(config.users, { name: contextName, user }),
    // A namespace that was chosen with `kubectl config set-context` stays.
    contexts: replaced(config.contexts, {
      name: contextName,
      context: { ...before, cluster: contextName, user: contextName },
    }),
    "current-context": contextName,
  };
}

export function removeAccess(config: Kubeconfig): Kubeconfig {
  const without = (list: Named[] | null | undefined) => list?.filter(({ name }) => name !== contextName) ?? [];
  return {
    ...config,
    clusters: without(config.clusters),
    users: without(config.users),
    contexts: without(config.contexts),
    "current-context": config["current-context"] === contextName ? "" : config["current-context"],
  };
}

function replaced(list: Named[] | null | undefined, entry: Named): Named[] {
  const found = list ?? [];
  if (!found.some(({ name }) => name === entry.name)) return [...found, entry];
  return found.map((other) => other.name === entry.name ? entry : other);
}

/** Under kubectl's own lock (`FILE.lock`), so that neither overwrites the other's change. Throws when it is no kubeconfig. */
export async function changeKubeconfig(path: string, change: (config: Kubeconfig) => Kubeconfig): Promise<void> {
  await Deno.mkdir(path.replace(/\/[^/]*$/, "") || "/", { recursive: true, mode: 0o700 });
  await using _lock = await lockFile(`${path}.lock`);
  // A dotfiles repository may have linked it into place: the link stays, what it points at changes.
  const target = await Deno.realPath(path).catch(() => path);
  const before = await readIfThere(target);
  const config = parseKubeconfig(before ?? "", path);
  const text = dump(change(config), { lineWidth: -1 });
  if (text !== before) await writeFileAtomic(target, text);
  await Deno.chmod(target, 0o600);
}

function parseKubeconfig(text: string, path: string): Kubeconfig {
  const config = loadAll(text)[0] ?? {};
  if (typeof config !== "object" || Array.isArray(config)) {
    throw new Error(`${path} is not a kubeconfig, so it was left alone: name another file with --kubeconfig`);
  }
  return config as Kubeconfig;
}

/** client-go takes the lock by creating the file, and gives it back by removing it. */
async function lockFile(path: string): Promise<AsyncDisposable> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
      return { [Symbol.asyncDispose]: () => Deno.remove(path) };
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`${path} is there since more than 5 s: if no kubectl is running, remove it and try again`);
}
