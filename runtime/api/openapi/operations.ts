/** What can be asked of a resource, as paths with operations; both versions of OpenAPI are written from these. */
import type { Resource, Subresource, Verb } from "../../schema/mod.ts";
import { rulesOf } from "../objects/kind_rules.ts";
import { definitionOfKind, deleteOptionsDefinition, eventDefinition, statusDefinition } from "./kinds.ts";
import { type Gvk, kindDefinition, metaDefinition } from "./names.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "boolean" | "integer";
  readonly description: string;
}

export interface Operation {
  readonly method: "get" | "put" | "post" | "delete" | "patch" | "head" | "options";
  readonly id: string;
  /** `core_v1` */
  readonly tag: string;
  /** `x-kubernetes-action` */
  readonly action: string;
  /** Absent where nothing of a kind is asked for. */
  readonly gvk?: Gvk;
  readonly parameters: readonly Parameter[];
  /** Media types of the answer. */
  readonly produces: readonly string[];
  /** Definitions of what is sent and what comes back; absent: text. */
  readonly body?: string;
  readonly answer?: string;
  /** Besides 200. */
  readonly codes: readonly SuccessCode[];
}

export type SuccessCode = 201 | 202;

export const successes: Readonly<Record<SuccessCode, string>> = { 201: "Created", 202: "Accepted" };

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

/** What is deleted is listed, not watched. */
const deselecting = selecting.filter(({ name }) => name !== "watch" && name !== "allowWatchBookmarks");

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
  const watched = group ? `/apis/${group}/${version}/watch` : `/api/${version}/watch`;
  const namespace = namespaced
    ? [inPath("namespace", "object name and auth scope, such as for teams and projects")]
    : [];
  const name = inPath("name", `name of the ${resource.kind}`);
  const collection = namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`;
  const paths: Path[] = [
    { path: collection, parameters: namespace, operations: operations(resource, onCollection) },
    { path: `${collection}/{name}`, parameters: [name, ...namespace], operations: operations(resource, onObject) },
    ...resource.subresources.flatMap((subresource) => {
      const parameters = [name, ...namespace];
      const path = `${collection}/{name}/${subresource.name}`;
      const own = { path, parameters, operations: subresourceOperations(resource, subresource) };
      if (subresource.name !== "proxy") return [own];
      const below = connections(resource, subresource, "WithPath");
      return [own, { path: `${path}/{path}`, parameters: [...parameters, proxied], operations: below }];
    }),
  ];
  if (namespaced) paths.push({ path: `${base}/${plural}`, parameters: [], operations: everywhere(resource) });
  const oldest = resource.verbs.includes("watch") && resource.type.name !== "" ? watches(resource, watched) : [];
  return [...paths, ...oldest].filter((path) => path.operations.length > 0);
}

const proxied = inPath("path", "path to the resource");

/** What tells what there is: of a group, and of one of its versions. Paths as their documents are named. */
export function rootsOf(resources: readonly Resource[]): Path[] {
  const builtin = resources.filter(({ type }) => type.name !== "");
  const byVersion = new Map(builtin.map((row) => [`${row.group}/${row.version}`, row]));
  const byGroup = new Map(builtin.map((row) => [row.group, row]));
  const versions = [...byVersion.values()].map((row) => {
    const path = row.group ? `/apis/${row.group}/${row.version}/` : `/api/${row.version}/`;
    return root(path, `get${groupName(row)}APIResources`, tagOf(row), "APIResourceList");
  });
  const groups = [...byGroup.values()].filter(({ group }) => group).map((row) => {
    const tag = tagOf(row).slice(0, -row.version.length - 1);
    return root(`/apis/${row.group}/`, `get${capitalised(tag)}APIGroup`, tag, "APIGroup");
  });
  const all = [
    root("/api/", "getCoreAPIVersions", "core", "APIVersions"),
    root("/apis/", "getAPIVersions", "apis", "APIGroupList"),
  ];
  return [...(byGroup.has("") ? all : []), ...groups, ...versions];
}

function root(path: string, id: string, tag: string, kind: string): Path {
  const about = { method: "get", action: "", parameters: [], codes: [], produces: [json, yaml, protobuf] } as const;
  return { path, parameters: [], operations: [{ ...about, id, tag, answer: metaDefinition(kind) }] };
}

/** The old paths that only watch. */
function watches(resource: Resource, base: string): Path[] {
  const { plural, namespaced, kind } = resource;
  const namespace = inPath("namespace", "object name and auth scope, such as for teams and projects");
  const name = inPath("name", `name of the ${kind}`);
  const path = (path: string, parameters: readonly Parameter[], action: string, suffix: string): Path => {
    const form: Form = { ...onCollection.list!, action, prefix: "watch", answers: "event" };
    return { path: `${base}${path}`, parameters, operations: [operation(resource, resource, form, suffix)] };
  };
  if (!namespaced) {
    return [path(`/${plural}`, [], "watchlist", "List"), path(`/${plural}/{name}`, [name], "watch", "")];
  }
  const everywhere = path(`/${plural}`, [], "watchlist", "ListForAllNamespaces");
  return [
    {
      ...everywhere,
      operations: everywhere.operations.map((one) => ({ ...one, id: one.id.replace("Namespaced", "") })),
    },
    path(`/namespaces/{namespace}/${plural}`, [namespace], "watchlist", "List"),
    path(`/namespaces/{namespace}/${plural}/{name}`, [name, namespace], "watch", ""),
  ];
}

interface Form {
  readonly method: Operation["method"];
  readonly action: string;
  readonly prefix: string;
  readonly parameters: readonly Parameter[];
  /** Behind the group in the operation's id. */
  readonly infix?: string;
  readonly sends: "object" | "deleteOptions" | "nothing";
  readonly answers: "object" | "list" | "status" | "event" | "deleted";
  readonly codes?: readonly SuccessCode[];
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
    codes: [201, 202],
  },
  deletecollection: {
    ...{ method: "delete", action: "deletecollection", prefix: "delete", infix: "Collection" },
    ...{ parameters: [...deselecting, ...deleting.slice(0, -1)], sends: "deleteOptions", answers: "status" },
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
    codes: [201],
  },
  patch: {
    ...{ method: "patch", action: "patch", prefix: "patch" },
    ...{ parameters: [...writing, force], sends: "object", answers: "object", codes: [201] },
  },
  delete: {
    ...{ method: "delete", action: "delete", prefix: "delete" },
    ...{ parameters: deleting, sends: "deleteOptions", answers: "deleted", codes: [202] },
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
  if (subresource.kind.endsWith("Options")) return connections(resource, subresource, "");
  const suffix = capitalised(subresource.name);
  return subresource.verbs.flatMap((verb) => {
    const form = onSubresource[verb];
    return form ? [operation(resource, subresource, form, suffix)] : [];
  });
}

const methods: Partial<Record<Verb, Operation["method"]>> = {
  get: "get",
  create: "post",
  update: "put",
  patch: "patch",
  delete: "delete",
};

/** What is passed on to a node, a pod or a Service. A proxy takes every method. */
function connections(resource: Resource, subresource: Subresource, suffix: string): Operation[] {
  const known = subresource.verbs.flatMap((verb) => methods[verb] ?? []);
  const all = subresource.name === "proxy" ? [...known, "head" as const, "options" as const] : known;
  const { group, version, kind } = subresource;
  const what = `${resource.namespaced ? "Namespaced" : ""}${resource.kind}${capitalised(subresource.name)}${suffix}`;
  return all.map((method) => ({
    ...{ method, action: "connect", tag: tagOf(resource), parameters: [], codes: [], produces: ["*/*"] },
    gvk: { group, version, kind },
    id: `connect${groupName(resource)}${capitalised(method)}${what}`,
  }));
}

function everywhere(resource: Resource): Operation[] {
  if (!resource.verbs.includes("list")) return [];
  const all = operation(resource, resource, onCollection.list!, "ForAllNamespaces");
  return [{ ...all, id: all.id.replace("Namespaced", "") }];
}

function operation(resource: Resource, body: Gvk, form: Form, suffix: string): Operation {
  const { method, action, prefix, infix = "", parameters, codes = [] } = form;
  const sent = definitionOfKind(resource, body);
  const answers = {
    object: suffix === "Log" ? undefined : sent,
    list: `${kindDefinition(resource)}List`,
    status: statusDefinition,
    event: eventDefinition,
    deleted: rulesOf(resource).returnsDeleted ? sent : statusDefinition,
  };
  const bodies = {
    object: method === "patch" ? undefined : sent,
    deleteOptions: deleteOptionsDefinition,
    nothing: undefined,
  };
  const scope = resource.namespaced ? "Namespaced" : "";
  const { group, version, kind } = body;
  return {
    ...{ method, action, parameters, codes, gvk: { group, version, kind }, tag: tagOf(resource) },
    id: `${prefix}${groupName(resource)}${infix}${scope}${resource.kind}${suffix}`,
    produces: producedBy(resource, form, suffix),
    body: bodies[form.sends],
    answer: answers[form.answers],
  };
}

const json = "application/json";
const yaml = "application/yaml";
const protobuf = "application/vnd.kubernetes.protobuf";
const streamed = [`${json};stream=watch`, `${protobuf};stream=watch`];

/** Custom resources have no protobuf. */
function producedBy({ type }: Resource, { answers }: Form, suffix: string): readonly string[] {
  if (type.name === "") return [json, yaml];
  const all = [json, yaml, protobuf];
  if (suffix === "Log") return ["text/plain", ...all];
  return answers === "list" || answers === "event" ? [...all, ...streamed] : all;
}

/** `core_v1`, `rbacAuthorization_v1` */
function tagOf(resource: Resource): string {
  const { version } = resource;
  const name = groupName(resource).slice(0, -version.length);
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${version}`;
}

/** `CoreV1`, `RbacAuthorizationV1` */
function groupName({ group, version }: Resource): string {
  const words = group === "" ? ["core"] : group.replace(/\.k8s\.io$/, "").split(".");
  return [...words, version].map(capitalised).join("");
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
