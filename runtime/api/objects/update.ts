/** PUT: the whole object, or one subresource of it. */
import { isReason, type KubeObject } from "../../schema/mod.ts";
import type { Target, WriteCall, Written } from "../operations.ts";
import { createDecoded } from "./create.ts";
import { decodeBody } from "./decode_body.ts";
import { copyJson } from "./json_value.ts";
import { rulesOf } from "./kind_rules.ts";
import { type Machinery, pathOf } from "./machinery.ts";
import { resetManagers } from "./managed.ts";
import { checkPlace, modify } from "./modify.ts";
import { dropRepeatedOwners } from "./owner_duplicates.ts";
import { otherUid } from "./refusals.ts";
import { storedTarget, toStored } from "./versions.ts";

/** Takes the object. */
export async function update(m: Machinery, target: Target, object: KubeObject, call: WriteCall): Promise<Written> {
  decodeBody(target.resource, object, call);
  dropRepeatedOwners(object, call);
  resetManagers(object);
  checkPlace(target, object);
  const stored = storedTarget(m, target);
  const wanted = toStored(target.resource, object);
  const spoken = { ...call, spoken: target.resource };
  try {
    const revision = await modify(m, stored, spoken, () => ({ object: copyJson(wanted) }));
    return { revision, created: false };
  } catch (error) {
    if (!isReason(error, "NotFound") || !mayCreate(target, call)) throw error;
    const { uid } = wanted.metadata!;
    if (uid) throw otherUid(stored.resource, pathOf(target), uid, "");
  }
  delete wanted.metadata!.resourceVersion;
  wanted.metadata!.name ??= target.name;
  return { revision: await createDecoded(m, stored, wanted, spoken), created: true };
}

function mayCreate({ resource }: Target, call: WriteCall): boolean {
  return !call.subresource && rulesOf(resource).createOnUpdate;
}
