/** POST of a new object. */
import {
  applyDefaults,
  concludeCreate,
  invalid,
  isGivenMore,
  type KubeObject,
  prepareForCreate,
  type Resource,
  StatusError,
  validateObject,
} from "../../schema/mod.ts";
import { type AdmissionRequest, admit } from "../admission/admission.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import type { Collection, WriteCall } from "../operations.ts";
import { commitPut } from "./commit.ts";
import { decodeBody } from "./decode_body.ts";
import { generatedName } from "./generated_name.ts";
import { copyJson } from "./json_value.ts";
import { cacheOf, type Machinery, pathOf, timestamp } from "./machinery.ts";
import { track } from "./managed.ts";
import { checkNamespace } from "./namespace_check.ts";
import { dropRepeatedOwners } from "./owner_duplicates.ts";
import { alreadyExists, badRequest } from "./refusals.ts";
import { withReservations } from "./reservations.ts";
import { newToStored, storedRow } from "./versions.ts";

const nameAttempts = 8;

/** Takes the object. */
export async function create(
  m: Machinery,
  collection: Collection,
  object: KubeObject,
  call: WriteCall,
): Promise<ObjectRevision> {
  const { resource, namespace } = collection;
  decodeBody(resource, object, call);
  dropRepeatedOwners(object, call);
  return await createDecoded(m, { resource: storedRow(m, resource), namespace }, newToStored(resource, object), {
    ...call,
    spoken: resource,
  });
}

/** As `create`, for a body that was decoded already, in the stored version. `keepManaged`: the object brings its managedFields along. */
export async function createDecoded(
  m: Machinery,
  { resource, namespace }: Collection,
  object: KubeObject,
  call: WriteCall,
  keepManaged = false,
): Promise<ObjectRevision> {
  checkVersion(object, call);
  stamp(m, resource, namespace, object);
  const generate = nameFrom(m, object);
  for (let attempt = 1;; attempt++) {
    const candidate = generate ? copyJson(object) : object;
    if (generate) candidate.metadata!.name = generate();
    const created = await createOnce(m, resource, candidate, call, keepManaged);
    if (created) return created;
    if (!generate) throw alreadyExists(resource, object.metadata!.name!);
    if (attempt >= nameAttempts) throw noUniqueName(resource, object);
  }
}

async function createOnce(
  m: Machinery,
  resource: Resource,
  object: KubeObject,
  call: WriteCall,
  keepManaged: boolean,
): Promise<ObjectRevision | undefined> {
  const { name = "", namespace = "" } = object.metadata!;
  const asSent = isGivenMore(resource) ? copyJson(object) : object;
  prepareForCreate(resource, object);
  applyDefaults(resource, object);
  if (asSent !== object) applyDefaults(resource, asSent);
  const request: AdmissionRequest = {
    operation: "CREATE",
    resource,
    namespace,
    name,
    object,
    user: call.user,
    dryRun: call.dryRun ?? false,
    warn: call.warn ?? ignore,
    annotate: call.annotate,
  };
  await admit(m.admission, "prepare", request, m.view);
  await checkNamespace(m, resource, namespace, name);
  // What admission adds is nobody's, and so is a status that the server begins with.
  const { status: _, ...sent } = asSent;
  if (!keepManaged) track(m, resource, resource.hasStatus ? sent : object, undefined, call);
  if (asSent !== object) object.metadata!.managedFields = asSent.metadata!.managedFields;
  await admit(m.admission, "admit", request, m.view);
  concludeCreate(resource, object);
  const errors = validateObject(resource, object);
  if (errors.length > 0) throw invalid(resource, name, errors);
  await admit(m.admission, "validate", request, m.view);
  const path = pathOf({ namespace, name });
  if (cacheOf(m, resource).get(path)) return undefined;
  return await withReservations(
    m,
    { resource, object, dryRun: call.dryRun },
    () => commitPut(m, object, { resource, path, expected: 0, dryRun: call.dryRun }),
  );
}

const ignore = () => {};

/** Only a number is a version, and a rehearsal stores nothing that could have one. */
function checkVersion({ metadata }: KubeObject, { dryRun }: WriteCall): void {
  if (dryRun || !/^[1-9]\d*$/.test(metadata?.resourceVersion ?? "")) return;
  throw badRequest("resourceVersion should not be set on objects to be created");
}

/** What the server alone decides about a new object. */
function stamp(m: Machinery, resource: Resource, namespace: string, object: KubeObject): void {
  const metadata = object.metadata!;
  if (resource.namespaced && metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (resource.namespaced) metadata.namespace = namespace;
  else delete metadata.namespace;
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete (metadata as Record<string, unknown>).selfLink;
  metadata.uid = m.uid();
  metadata.creationTimestamp = timestamp(m.clock.now());
}

/** `undefined` when the object has a name of its own. */
function nameFrom(m: Machinery, { metadata }: KubeObject): (() => string) | undefined {
  const { name, generateName } = metadata!;
  if (name || !generateName) return undefined;
  return () => generatedName(generateName, m.random);
}

function noUniqueName(resource: Resource, object: KubeObject): StatusError {
  const prefix = object.metadata!.generateName!;
  const error = alreadyExists(resource, prefix);
  const message = `${error.message}, the server was not able to generate a unique name for the object`;
  return new StatusError("AlreadyExists", message, { ...error.details, retryAfterSeconds: 1 });
}
