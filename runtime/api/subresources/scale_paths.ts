/** Where a kind keeps what its Scale shows. Custom resources say it in their definition. */
import type { Resource } from "../../schema/mod.ts";

export interface ScalePaths {
  readonly replicas: readonly string[];
  readonly status: readonly string[];
  readonly selector?: readonly string[];
}

const builtin: ScalePaths = {
  replicas: ["spec", "replicas"],
  status: ["status", "replicas"],
  selector: ["spec", "selector"],
};

const custom = new WeakMap<Resource, ScalePaths>();

/** Remembers what a custom resource's definition says; gone with its row. */
export function setScalePaths(resource: Resource, paths: ScalePaths): void {
  custom.set(resource, paths);
}

export function scalePaths(resource: Resource): ScalePaths {
  return custom.get(resource) ?? builtin;
}
