/**
 * A kind as a row of data: everything the API server must know to serve it. Built-in kinds come from a table, custom
 * resources are turned into the same rows, and both take the same way through the same code.
 */
import type { FieldError } from "./field_error.ts";
import type { Json, KubeObject } from "./object.ts";
import type { StructNode } from "./type_node.ts";

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** What is served below one object, such as `pods/status`. */
export interface Subresource {
  /** `status`, `scale`, `log`, `exec`, ... */
  readonly name: string;
  readonly verbs: readonly Verb[];
  /** Group, version and kind of the body where it is not the resource's own (`autoscaling/v1 Scale`). */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** One column of `kubectl get`; shape of `additionalPrinterColumns` and of Table's `columnDefinitions`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is shown always, above that only with `-o wide`. */
  readonly priority: number;
}

/** A column of a custom resource: `additionalPrinterColumns[]`. */
export interface PrinterColumn extends Column {
  /** Simple JSONPath, such as `.status.conditions[?(@.type=="Ready")].status`. */
  readonly jsonPath: string;
}

export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  /** The whole object, `metadata` included. */
  readonly type: StructNode;
  /** Spec and status are written by separate paths, and `generation` counts changes of spec. */
  readonly hasStatus: boolean;
  /**
   * Prefix of its keys in the store without a trailing slash, laid out as upstream lays it out: `/registry/pods`,
   * `/registry/minions`, `/registry/services/specs`, `/registry/example.com/widgets`.
   */
  readonly storagePrefix: string;
  /** `apiVersion` that is written to the store; two versions of one kind share a prefix. */
  readonly storageVersion: string;
  /** Field selectors beyond `metadata.name` and `metadata.namespace`: selector to path in the object. */
  readonly selectableFields: ReadonlyMap<string, readonly string[]>;
  /** How selectors by other fields are refused, `%s` being the field; `field label not supported: %s` where absent. */
  readonly unselectable?: string;
  /** Where a selector looks when the object says nothing at its own path. */
  readonly selectableFallbacks?: ReadonlyMap<string, readonly string[]>;
  /** Custom resources only: their columns in `kubectl get`; without any, AGE follows NAME. */
  readonly printerColumns?: readonly PrinterColumn[];
  /** Custom resources only: the version's openAPIV3Schema as its author wrote it, for OpenAPI and `kubectl explain`. */
  readonly openApi?: { readonly [keyword: string]: Json };
  /** What every request is warned of (`v1 Endpoints is deprecated in v1.33+; ...`). */
  readonly deprecation?: string;
  /** Rules beyond those of the built-in kinds' tables, such as those of a custom resource's schema. */
  readonly validate?: (object: KubeObject, old?: KubeObject, subresource?: string) => FieldError[];
  /** Custom resources with defaults only: a stored object with those that it lacks; the object itself when it lacks none. */
  readonly complete?: (stored: KubeObject) => KubeObject;
  /** Custom resources whose versions a webhook converts: objects of any version in the one that is asked for. */
  readonly convert?: (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>;
}

/** `v1`, `apps/v1`. */
export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}

/** `pods`, `deployments.apps`: how messages and RBAC name a resource. */
export function groupResourceOf(resource: { group: string; plural: string }): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural;
}
