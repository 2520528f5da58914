/**
 * JSON patch (RFC 6902). The document that comes in is never changed.
 *
 * Laws: an operation that cannot be done refuses the whole patch (422); more than 10,000 operations, or copies that
 * would grow the document by more than a request may carry, are refused (413) before they cost anything.
 */
import jsonpatch, { type Operation } from "fast-json-patch";
import { goKindOf, type Json, StatusError } from "../../schema/mod.ts";

export const MAX_JSON_PATCH_OPERATIONS = 10_000;

/** Bytes that all `copy` operations of one patch may add: the size limit of a request body. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

const operations: ReadonlySet<unknown> = new Set(["add", "remove", "replace", "move", "copy", "test"]);

export function applyJsonPatch(document: Json, patch: Json): Json {
  const steps = decodeSteps(patch);
  let result = jsonpatch.deepClone(document) as Json;
  let copied = 0;
  steps.forEach((step, index) => {
    if (step.op === "copy") copied = countCopy(result, step.from, copied);
    result = applyStep(result, step, index);
  });
  if (isObject(document) && !isObject(result)) throw rejected("the patched document is no object");
  return result;
}

function isObject(value: Json): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decodeSteps(patch: Json): Operation[] {
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw undecoded(patch, "[]handlers.jsonPatchOp");
  if (patch.length > MAX_JSON_PATCH_OPERATIONS) {
    const message =
      `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${patch.length}`;
    throw new StatusError("RequestEntityTooLarge", message);
  }
  return patch.map(decodeStep);
}

function decodeStep(step: Json): Operation {
  if (step === null || typeof step !== "object" || Array.isArray(step)) {
    throw undecoded(step, "handlers.jsonPatchOp");
  }
  if (!operations.has(step.op) || typeof step.path !== "string") throw rejected(`unknown operation ${step.op}`);
  const needsFrom = step.op === "move" || step.op === "copy";
  if (needsFrom && typeof step.from !== "string") throw rejected(`${step.op} without from`);
  return step as unknown as Operation;
}

function undecoded(value: Json, type: string): StatusError {
  const why = `json: cannot unmarshal ${goKindOf(value)} into Go value of type ${type}`;
  return new StatusError("BadRequest", `error decoding patch: ${why}`);
}

function applyStep(document: Json, step: Operation, index: number): Json {
  const isNew = lacks(document, step.path);
  if (isNew && step.op === "test" && step.value === null) return document;
  // Stricter readers of the RFC refuse to replace what is not there.
  const done: Operation = isNew && step.op === "replace" ? { ...step, op: "add" } : step;
  try {
    return jsonpatch.applyOperation(document, done, true, true, true, index).newDocument as Json;
  } catch (error) {
    throw rejected(new PatchStepError(step, error as Error));
  }
}

/** Whether it is a member that its object, which is there, does not have: that counts as null, as it does upstream. */
function lacks(document: Json, path: string): boolean {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return false;
  try {
    const holder = jsonpatch.getValueByPointer(document, path.slice(0, slash)) as Json;
    const key = path.slice(slash + 1).replaceAll("~1", "/").replaceAll("~0", "~");
    return isObject(holder) && !Object.hasOwn(holder as object, key);
  } catch {
    return false;
  }
}

/** Why one operation could not be done. */
export class PatchStepError extends Error {
  /** It was a `test`, of a document that is another. */
  readonly failedTest: boolean;

  constructor({ op, path }: Operation, cause: Error) {
    super(`error in ${op} for path: '${path}': ${wordsOf(op, path, cause)}`, { cause });
    this.failedTest = cause.name === "TEST_OPERATION_FAILED";
  }
}

function wordsOf(op: string, path: string, { name, message }: Error): string {
  if (name !== "OPERATION_PATH_UNRESOLVABLE") return message.split("\n")[0]!;
  const key = path.slice(path.lastIndexOf("/") + 1);
  return `Unable to ${op} nonexistent key: ${key}: missing value`;
}

/** Bytes copied so far; refuses before the copy is made, since copies of copies double. */
function countCopy(document: Json, from: string, copied: number): number {
  let value: Json;
  try {
    value = jsonpatch.getValueByPointer(document, from) as Json;
  } catch (error) {
    throw rejected(error);
  }
  const total = copied + (JSON.stringify(value)?.length ?? 0);
  if (total <= MAX_COPIED_BYTES) return total;
  const message = `Unable to complete the copy, the accumulated size increase of copy is ${total}, ` +
    `exceeding the limit ${MAX_COPIED_BYTES}`;
  throw new StatusError("RequestEntityTooLarge", message);
}

function rejected(cause: unknown): StatusError {
  return new StatusError("Invalid", "the server rejected our request due to an error in our request", {}, { cause });
}
