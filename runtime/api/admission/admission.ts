/**
 * Admission: what stands between a well-formed write and the store. A list of small plugins, each of which may change the
 * object or refuse it with a `StatusError`; all changes come before all refusals by `validate`.
 */
import type { User } from "../../auth/user.ts";
import type { KubeObject, Resource, Stored } from "../../schema/mod.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly resource: Resource;
  readonly subresource?: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent for DELETE; plugins change it in place. */
  readonly object?: KubeObject;
  readonly old?: Stored;
  readonly user: User;
  readonly dryRun: boolean;
  readonly warn: (text: string) => void;
  /** For the audit event; absent: nobody writes one. */
  readonly annotate?: (key: string, value: string) => void;
  /** The second round of the changes, because somebody outside changed the object in the first. */
  readonly again?: boolean;
}

/** What a plugin answers when the object is another than the plugins before it saw: they look at it once more. */
export type Admitted = void | "changed";

/** The present state of the cluster, from the watch cache. `group` is empty for the core group. */
export interface ClusterView {
  get(group: string, plural: string, namespace: string, name: string): Stored | undefined;
  list(group: string, plural: string, namespace?: string): readonly Stored[];
  /** Waits up to `ms` for an object that a loop is about to make. */
  appears(group: string, plural: string, namespace: string, name: string, ms: number): Promise<Stored | undefined>;
}

export interface AdmissionPlugin {
  readonly name: string;
  /** Of new objects, before their namespace is looked for. */
  prepare?(request: AdmissionRequest, view: ClusterView): void | Promise<void>;
  admit?(request: AdmissionRequest, view: ClusterView): Admitted | Promise<Admitted>;
  validate?(request: AdmissionRequest, view: ClusterView): void | Promise<void>;
}

/** Waits only for plugins that do. */
export async function admit(
  plugins: readonly AdmissionPlugin[],
  phase: "prepare" | "admit" | "validate",
  request: AdmissionRequest,
  view: ClusterView,
): Promise<void> {
  let changed = false;
  for (const plugin of plugins) {
    const pending = plugin[phase]?.(request, view);
    if (pending && await pending) changed = true;
  }
  if (changed && !request.again) await admit(plugins, phase, { ...request, again: true }, view);
}
