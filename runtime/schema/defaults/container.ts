/** What upstream fills in for containers, init containers and ephemeral ones: pull policy, probes, references. */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IHTTPGetAction } from "kubernetes-models/v1/HTTPGetAction";
import type { IObjectFieldSelector } from "kubernetes-models/v1/ObjectFieldSelector";
import type { IProbe } from "kubernetes-models/v1/Probe";
import { fill } from "./fill.ts";
import { roundUp } from "./amounts.ts";

export type AnyContainer = Omit<IContainer, "name"> & { name: string };

export function defaultContainer(container: AnyContainer): void {
  fill(container, {
    imagePullPolicy: pullPolicyOf(container.image ?? ""),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  roundUp(container.resources?.limits);
  roundUp(container.resources?.requests);
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

/** `name`, `name:tag`, each also with a digest. */
const reference = /^[A-Za-z0-9][\w.:/-]*?(:(?<tag>\w[\w.-]{0,127}))?(?<digest>@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$/;

/** `latest`, said or meant, is pulled every time; a tag or digest that stands still is not, nor what is no image's name. */
export function pullPolicyOf(image: string): "Always" | "IfNotPresent" {
  const { tag, digest } = image.endsWith(":") ? { digest: image } : reference.exec(image)?.groups ?? { digest: image };
  return tag === "latest" || !tag && !digest ? "Always" : "IfNotPresent";
}
