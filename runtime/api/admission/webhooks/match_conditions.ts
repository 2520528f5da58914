/** The match conditions of webhooks (KEP-3716). */
import type { ConditionsHold } from "./ask.ts";

/** Refuses: there is no CEL to evaluate them with. */
export const matchConditionsHold: ConditionsHold = (conditions) => {
  throw new Error(`matchConditions cannot be evaluated: ${conditions.map(({ name }) => name).join(", ")}`);
};
