/**
 * The same object in another version of its kind. Pure, and without loss: what one version cannot say travels in an
 * annotation, as upstream has it. Kinds with one version, and custom resources, are not converted here.
 */
import type { KubeObject } from "../object.ts";
import { eventFromV1, eventToV1 } from "./event.ts";
import { autoscalerToV1, autoscalerToV2 } from "./autoscaler.ts";

type Conversion = (object: KubeObject) => KubeObject;

const conversions: ReadonlyMap<string, Conversion> = new Map([
  ["Event v1 events.k8s.io/v1", eventFromV1],
  ["Event events.k8s.io/v1 v1", eventToV1],
  ["HorizontalPodAutoscaler autoscaling/v1 autoscaling/v2", autoscalerToV2],
  ["HorizontalPodAutoscaler autoscaling/v2 autoscaling/v1", autoscalerToV1],
]);

/** Returns the object itself when it is of that version already; throws when no such conversion is known. */
export function convert(object: KubeObject, toVersion: string): KubeObject {
  if (object.apiVersion === toVersion) return object;
  const conversion = conversions.get(`${object.kind} ${object.apiVersion} ${toVersion}`);
  if (!conversion) throw new Error(`${object.kind} of ${object.apiVersion} is not converted to ${toVersion}`);
  return { ...conversion(object), apiVersion: toVersion, kind: object.kind };
}
