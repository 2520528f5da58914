/**
 * Which resource a key of the store belongs to. The names of folders do not tell: nodes lie in `/registry/minions`, endpoints in
 * `/registry/services/endpoints`, and no built-in resource but two says its group.
 */
import { builtinResources, optionalResources } from "../../schema/mod.ts";

export interface GroupResource {
  /** Empty: the core group. */
  readonly group: string;
  readonly plural: string;
}

const root = "/registry/";

/** A kind of two groups (Events) belongs to the one that it is stored as. */
const builtin = new Map<string, GroupResource>(
  [...builtinResources, ...optionalResources].map(({ storagePrefix, storageVersion, plural }) => {
    const [group = ""] = storageVersion.includes("/") ? storageVersion.split("/") : [];
    return [storagePrefix.slice(root.length), { group, plural }];
  }),
);

/** `/registry/GROUP/PLURAL/...` is a custom resource's; what nobody knows counts as the core group's. */
export function resourceOfKey(key: string): GroupResource {
  const [first = "", second = ""] = key.slice(root.length).split("/", 2);
  const known = builtin.get(`${first}/${second}`) ?? builtin.get(first);
  if (known) return known;
  return first.includes(".") ? { group: first, plural: second } : { group: "", plural: first };
}
