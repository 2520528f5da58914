/** What upstream fills in for containers, init containers and ephemeral ones: pull policy, probes, references. */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IHTTPGetAction } from "kubernetes-models/v1/HTTPGetAction";
import type { IObjectFieldSelector } from "kubernetes-models/v1/ObjectFieldSelector";
import type { IProbe } from "kubernetes-models/v1/Probe";
import { fill } from "./fill.ts";

export type AnyContainer = Omit<IContainer, "name"> & { name: string };

export function defaultContainer(container: AnyContainer): void {
  fill(container, {
    imagePullPolicy: pullPolicyOf(container.image ?? ""),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe);
  defaultHttpGet(container.lifecycle?.postStart?.httpGet);
  defaultHttpGet(container.lifecycle?.preStop?.httpGet);
  for (const { valueFrom } of container.env ?? []) defaultFieldRef(valueFrom?.fieldRef);
}

function defaultProbe(probe?: IProbe): void {
  if (!probe) return;
  fillNumber(probe, "timeoutSeconds", 1);
  fillNumber(probe, "periodSeconds", 10);
  fillNumber(probe, "successThreshold", 1);
  fillNumber(probe, "failureThreshold", 3);
  defaultHttpGet(probe.httpGet);
}

function fillNumber<K extends string>(target: { [key in K]?: number }, field: K, value: number): void {
  if (!target[field]) target[field] = value as typeof target[K];
}

function defaultHttpGet(get?: IHTTPGetAction): void {
  if (get) fill(get, { path: "/", scheme: "HTTP" });
}

export function defaultFieldRef(ref?: IObjectFieldSelector): void {
  if (ref) fill(ref, { apiVersion: "v1" });
}

/** `latest`, said or meant, is pulled every time; a tag or digest that stands still is not. */
export function pullPolicyOf(image: string): "Always" | "IfNotPresent" {
  if (image === "" || image.includes("@")) return "IfNotPresent";
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
}
