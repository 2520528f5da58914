/** Objects of any kind, custom ones too, that are scaled through their `scale` subresource: where it is. */
import type { Client } from "../../runtime/loop/mod.ts";
import { isReason } from "../../runtime/schema/mod.ts";

type Raw = Client["raw"];

/** Nobody serves it. */
export class UnknownKind extends Error {
  override readonly name = "UnknownKind";
}

export interface ScaleObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

export interface Target {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly name: string;
}

export async function scalePath(raw: Raw, target: Target, namespace: string): Promise<string> {
  const { base, plural } = await resourceOf(raw, target);
  return `${base}/namespaces/${namespace}/${plural}/${target.name}/scale`;
}

/** Throws when nobody serves the kind. */
export async function resourceOf(raw: Raw, { apiVersion = "v1", kind }: Target) {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const base = group ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const unknown = new UnknownKind(`no matches for kind "${kind}" in group "${group}"`);
  const list = await raw("GET", base).catch((error) => {
    throw isReason(error, "NotFound") ? unknown : error;
  });
  const { resources } = list as unknown as { resources: { name: string; kind: string; namespaced: boolean }[] };
  const found = resources.find((one) => one.kind === kind && !one.name.includes("/"));
  if (!found) throw unknown;
  return { base, group, plural: found.name, namespaced: found.namespaced };
}
