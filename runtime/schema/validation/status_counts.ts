/** Statuses that count: nothing is below zero, and no part is more than its whole. */
import type { Report } from "./report.ts";
import { validateConditions } from "./status_conditions.ts";

type Counts = Readonly<Record<string, number | undefined>>;
type WithStatus = { readonly status?: object };
type StatusCheck = (object: WithStatus, old: WithStatus, report: Report) => void;

/** A part, what it is a part of, and how the whole is called. */
type Part = readonly [part: string, whole: string, name: string];

function counts(fields: readonly string[], parts: readonly Part[] = []): StatusCheck {
  return ({ status }, _old, report) => {
    const found = (status ?? {}) as Counts;
    const place = report.at("status");
    for (const field of fields) place.at(field).nonNegative(found[field]);
    for (const [part, whole, name] of parts) {
      const amount = found[part] ?? 0;
      if (amount > (found[whole] ?? 0)) place.at(part).invalid(amount, `cannot be greater than ${name}`);
    }
  };
}

function ofReplicas(...parts: string[]): Part[] {
  return parts.map((part) => [part, "replicas", "status.replicas"]);
}

const readySets = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"];
const availableOfReady: Part = ["availableReplicas", "readyReplicas", "readyReplicas"];

export const replicaSetStatus = counts(readySets, [
  ...ofReplicas("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
  availableOfReady,
]);

export const deploymentStatus = counts(
  [
    ...["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"],
    ...["unavailableReplicas", "collisionCount", "terminatingReplicas"],
  ],
  [...ofReplicas("updatedReplicas", "readyReplicas", "availableReplicas"), availableOfReady],
);

export const statefulSetStatus = counts(
  [
    ...["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    ...["observedGeneration", "collisionCount"],
  ],
  [
    ...ofReplicas("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
    ["availableReplicas", "readyReplicas", "status.readyReplicas"],
  ],
);

export const daemonSetStatus = counts([
  ...["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"],
  ...["observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount"],
]);

export const autoscalerStatus = counts(["currentReplicas", "desiredReplicas"]);

const budgetCounts = counts(["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"]);

export const disruptionBudgetStatus: StatusCheck = (budget, old, report) => {
  conditionsStatus(budget, old, report);
  budgetCounts(budget, old, report);
};

export const conditionsStatus: StatusCheck = ({ status }, _old, report) => {
  const { conditions } = (status ?? {}) as { conditions?: Parameters<typeof validateConditions>[0] };
  validateConditions(conditions, report.at("status", "conditions"));
};
