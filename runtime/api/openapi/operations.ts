/** What can be asked of a resource, as paths with operations; both versions of OpenAPI are written from these. */
import type { Resource, Subresource, Verb } from "../../schema/mod.ts";
import { definitionOfKind, deleteOptionsDefinition, statusDefinition } from "./kinds.ts";
import { type Gvk, kindDefinition } from "./names.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "boolean" | "integer";
  readonly description: string;
}

export interface Operation {
  readonly method: "get" | "put" | "post" | "delete" | "patch";
  readonly id: string;
  /** `x-kubernetes-action` */
  readonly action: string;
  readonly gvk: Gvk;
  readonly parameters: readonly Parameter[];
  /** Definitions of what is sent and what comes back. */
  readonly body?: string;
  readonly answer?: string;
}

export interface Path {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

const query = (name: string, type: Parameter["type"], description: string): Parameter => ({
  ...{ name, in: "query", type, description },
});

const pretty = query("pretty", "string", "If 'true', then the output is pretty printed.");
const dryRun = query("dryRun", "string", "'All' runs every stage of the request and persists nothing.");
const fieldManager = query("fieldManager", "string", "Name of the actor that makes the changes.");
const fieldValidation = query(
  "fieldValidation",
  "string",
  "What to do with unknown or duplicate fields: Ignore, Warn (the default) or Strict.",
);
const force = query("force", "boolean", "Take over fields that other managers own; for apply patches only.");
const writing = [dryRun, fieldManager, fieldValidation, pretty];

const selecting = [
  query("labelSelector", "string", "Restricts the list to objects with matching labels."),
  query("fieldSelector", "string", "Restricts the list to objects with matching fields."),
  query("limit", "integer", "The most items to answer with."),
  query("continue", "string", "Where the list goes on; from the metadata of the page before."),
  query("resourceVersion", "string", "Constraint on the version that answers."),
  query("resourceVersionMatch", "string", "How resourceVersion is applied."),
  query("timeoutSeconds", "integer", "Limits the duration of the call."),
  query("watch", "boolean", "Answer with changes instead of a list."),
  query("allowWatchBookmarks", "boolean", "Asks for events of type BOOKMARK."),
  query("sendInitialEvents", "boolean", "A watch begins with the present objects."),
  pretty,
];

const deleting = [
  dryRun,
  query("gracePeriodSeconds", "integer", "Seconds before the object is deleted."),
  query("orphanDependents", "boolean", "Deprecated: use propagationPolicy."),
  query("propagationPolicy", "string", "Orphan, Background or Foreground."),
  pretty,
];

const inPath = (name: string, description: string): Parameter => ({
  ...{ name, in: "path", type: "string", description },
});

export function pathsOf(resource: Resource): Path[] {
  const { group, version, plural, namespaced } = resource;
  const base = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const namespace = namespaced
    ? [inPath("namespace", "object name and auth scope, such as for teams and projects")]
    : [];
  const name = inPath("name", `name of the ${resource.kind}`);
  const collection = namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`;
  const paths: Path[] = [
    { path: collection, parameters: namespace, operations: operations(resource, onCollection) },
    { path: `${collection}/{name}`, parameters: [name, ...namespace], operations: operations(resource, onObject) },
    ...resource.subresources.map((subresource) => ({
      path: `${collection}/{name}/${subresource.name}`,
      parameters: [name, ...namespace],
      operations: subresourceOperations(resource, subresource),
    })),
  ];
  if (namespaced) paths.push({ path: `${base}/${plural}`, parameters: [], operations: everywhere(resource) });
  return paths.filter((path) => path.operations.length > 0);
}

interface Form {
  readonly method: Operation["method"];
  readonly action: string;
  readonly prefix: string;
  readonly parameters: readonly Parameter[];
  readonly sends: "object" | "deleteOptions" | "nothing";
  readonly answers: "object" | "list" | "status";
}

const onCollection: Partial<Record<Verb, Form>> = {
  list: {
    ...{ method: "get", action: "list", prefix: "list" },
    parameters: selecting,
    sends: "nothing",
    answers: "list",
  },
  create: {
    ...{ method: "post", action: "post", prefix: "create" },
    parameters: writing,
    sends: "object",
    answers: "object",
  },
  deletecollection: {
    ...{ method: "delete", action: "deletecollection", prefix: "deleteCollection" },
    ...{ parameters: [...selecting, ...deleting.slice(0, -1)], sends: "deleteOptions", answers: "status" },
  },
};

const onObject: Partial<Record<Verb, Form>> = {
  get: {
    ...{ method: "get", action: "get", prefix: "read" },
    parameters: [pretty],
    sends: "nothing",
    answers: "object",
  },
  update: {
    ...{ method: "put", action: "put", prefix: "replace" },
    parameters: writing,
    sends: "object",
    answers: "object",
  },
  patch: {
    ...{ method: "patch", action: "patch", prefix: "patch" },
    ...{ parameters: [...writing, force], sends: "object", answers: "object" },
  },
  delete: {
    ...{ method: "delete", action: "delete", prefix: "delete" },
    ...{ parameters: deleting, sends: "deleteOptions", answers: "status" },
  },
};

/** Subresources know no collections: what is created is posted to the object. */
const onSubresource: Partial<Record<Verb, Form>> = { ...onObject, create: onCollection.create };

function operations(resource: Resource, forms: Partial<Record<Verb, Form>>): Operation[] {
  return resource.verbs.flatMap((verb) => {
    const form = forms[verb];
    return form ? [operation(resource, resource, form, "")] : [];
  });
}

function subresourceOperations(resource: Resource, subresource: Subresource): Operation[] {
  const suffix = capitalised(subresource.name);
  return subresource.verbs.flatMap((verb) => {
    const form = onSubresource[verb];
    return form ? [operation(resource, subresource, form, suffix)] : [];
  });
}

function everywhere(resource: Resource): Operation[] {
  if (!resource.verbs.includes("list")) return [];
  const all = operation(resource, resource, onCollection.list!, "ForAllNamespaces");
  return [{ ...all, id: all.id.replace("Namespaced", "") }];
}

function operation(resource: Resource, body: Gvk, form: Form, suffix: string): Operation {
  const { method, action, prefix, parameters } = form;
  const sent = definitionOfKind(resource, body);
  const answers = {
    object: sent,
    list: `${kindDefinition(resource)}List`,
    status: statusDefinition,
  };
  const bodies = {
    object: method === "patch" ? undefined : sent,
    deleteOptions: deleteOptionsDefinition,
    nothing: undefined,
  };
  const scope = resource.namespaced ? "Namespaced" : "";
  const { group, version, kind } = body;
  return {
    ...{ method, action, parameters, gvk: { group, version, kind } },
    id: `${prefix}${groupName(resource)}${scope}${resource.kind}${suffix}`,
    body: bodies[form.sends],
    answer: answers[form.answers],
  };
}

/** `CoreV1`, `RbacAuthorizationV1` */
function groupName({ group, version }: Resource): string {
  const words = group === "" ? ["core"] : group.replace(/\.k8s\.io$/, "").split(".");
  return [...words, version].map(capitalised).join("");
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
