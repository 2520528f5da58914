/**
 * Which ciphers a resource's values go under. A resource is named by itself (`secrets`, `deployments.apps`), by its group
 * (`*.apps`, `*.` for the core group) or with all others (`*.*`); the narrowest name decides. What a name could never decide,
 * because a wider one stands before it, is refused.
 *
 * Source: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#understanding-the-encryption-at-rest-configuration
 */
import { type Cipher, identity } from "./ciphers.ts";
import type { GroupResource } from "./resource_of_key.ts";

/** One entry of the configuration. */
export interface EncryptionEntry {
  readonly resources: readonly string[];
  /** The first writes, all read. */
  readonly ciphers: readonly Cipher[];
}

export class EncryptionRules {
  readonly #byName = new Map<string, readonly Cipher[]>();

  /** Throws an Error in upstream's words. */
  constructor(entries: readonly EncryptionEntry[]) {
    for (const { resources, ciphers } of entries) {
      resources.forEach((name, at) => checkName(name, resources.slice(0, at)));
      for (const name of resources) {
        const wider = widerThan(name).find((one) => this.#byName.has(one));
        if (wider !== undefined) throw new Error(`resource "${name}" is masked by earlier rule "${wider}"`);
      }
      for (const name of resources) this.#byName.set(name, [...this.#byName.get(name) ?? [], ...ciphers]);
    }
  }

  /** Who stands in no rule is kept as it is. */
  ciphersFor({ group, plural }: GroupResource): readonly Cipher[] {
    const name = group ? `${plural}.${group}` : plural;
    return this.#byName.get(name) ?? this.#byName.get(`*.${group}`) ?? this.#byName.get("*.*") ?? [identity];
  }

  ciphers(): Set<Cipher> {
    return new Set([...this.#byName.values()].flat());
  }
}

/** `a.b.c` is `a` of group `b.c`. */
function groupOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
}

/** Names that decide over all that this one does; of a wildcard, itself too. */
function widerThan(name: string): string[] {
  return [...new Set([`*.${groupOf(name)}`, "*.*"])];
}

function checkName(name: string, before: readonly string[]): void {
  const group = groupOf(name);
  if (name === "*") {
    throw new Error("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources");
  }
  if (/[A-Z]/.test(name)) throw new Error(`resource name should not contain capital letters: "${name}"`);
  if (!/^(\*|[a-z0-9-]+)(\.(\*|[a-z0-9.-]*))?$/.test(name) || group === "*" && name !== "*.*") {
    throw new Error(`resource "${name}" is not of the form PLURAL, PLURAL.GROUP, *.GROUP, *. or *.*`);
  }
  if (group === "" && name.endsWith(".") && name !== "*.") throw new Error(`resource "${name}" ends with a dot`);
  if (group === "extensions") throw new Error("'extensions' group has been removed and cannot be used for encryption");
  if (group === "events.k8s.io") {
    throw new Error(
      `'${name}' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file`,
    );
  }
  if (before.includes(name)) throw new Error("the same resource cannot be specified multiple times");
  const overlap = before.find((other) => widerThan(name).includes(other) || widerThan(other).includes(name));
  if (overlap === undefined) return;
  throw new Error(
    `using overlapping resources such as '${overlap}' and '${name}' in the same resource list is not allowed as they will be masked`,
  );
}
