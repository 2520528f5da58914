/** Whether an ended container runs again: the policy, the pod's or its own, and rules that look at the exit code (KEP-5307). */
import { type Container, type Pod, specOf } from "./pod.ts";

interface Ending {
  readonly exitCode: number;
  /** Why it could not even start, else empty. */
  readonly error: string;
}

export function restartPolicyOf(pod: Pod, container: Container): string {
  return container.restartPolicy ?? specOf(pod).restartPolicy ?? "Always";
}

/** The first rule that matches decides; without one, the policy. */
export function mayRunAgain(pod: Pod, container: Container, { exitCode, error }: Ending): boolean {
  const rules = container.restartPolicyRules ?? [];
  if (rules.some(({ action, exitCodes }) => action === "Restart" && exitCodes && matches(exitCodes, exitCode))) {
    return true;
  }
  const policy = restartPolicyOf(pod, container);
  return policy === "Always" || (policy === "OnFailure" && (exitCode !== 0 || error !== ""));
}

function matches({ operator, values = [] }: { operator: string; values?: number[] }, exitCode: number): boolean {
  return values.includes(exitCode) === (operator === "In");
}
