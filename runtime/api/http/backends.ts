/** What resource routes reach beside the object operations: kubelets, and kinds that are never stored. */
import type { Handler } from "./object_routes.ts";

export interface Backends {
  /** Kinds that are answered instead of stored: `group/plural` to verb to handler. */
  readonly routes: ReadonlyMap<string, Readonly<Record<string, Handler>>>;
  /** Subresources that are streams of a kubelet, a pod or a service: `pods/log`, `nodes/proxy`. */
  readonly streams: ReadonlyMap<string, Handler>;
}
