/** PUT: the whole object, or one subresource of it. */
import { isReason, type KubeObject } from "../../schema/mod.ts";
import type { Target, WriteCall, Written } from "../operations.ts";
import { createDecoded } from "./create.ts";
import { decodeBody } from "./decode_body.ts";
import { copyJson } from "./json_value.ts";
import { rulesOf } from "./kind_rules.ts";
import type { Machinery } from "./machinery.ts";
import { modify } from "./modify.ts";

/** Takes the object. */
export async function update(m: Machinery, target: Target, object: KubeObject, call: WriteCall): Promise<Written> {
  decodeBody(target.resource, object, call);
  try {
    const revision = await modify(m, target, call, () => ({ object: copyJson(object) }));
    return { revision, created: false };
  } catch (error) {
    if (!mayCreate(target, object, call) || !isReason(error, "NotFound")) throw error;
  }
  delete object.metadata!.resourceVersion;
  object.metadata!.name ??= target.name;
  return { revision: await createDecoded(m, target, object, call), created: true };
}

function mayCreate({ resource }: Target, object: KubeObject, call: WriteCall): boolean {
  return !call.subresource && !object.metadata!.uid && rulesOf(resource).createOnUpdate;
}
