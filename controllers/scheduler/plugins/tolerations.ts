/** Which taints a pod puts up with. Source: core/v1 Toleration. */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { Taint } from "../node_state.ts";

type Toleration = NonNullable<IPodSpec["tolerations"]>[number];

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => matches(toleration, taint));
}

function matches({ key = "", operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  // An empty key with Exists tolerates everything.
  if (key && key !== taint.key) return false;
  const { value: tainted = "" } = taint;
  switch (operator as string) {
    case "Exists":
      return true;
    case "Lt":
      return isInteger(tainted) && isInteger(value) && Number(tainted) < Number(value);
    case "Gt":
      return isInteger(tainted) && isInteger(value) && Number(tainted) > Number(value);
    default:
      return key !== "" && tainted === value;
  }
}

export function isInteger(text: string): boolean {
  return /^[+-]?\d{1,18}$/.test(text);
}
