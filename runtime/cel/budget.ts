/**
 * What an expression may cost. Every step of an evaluation spends from a budget before it works, in proportion to the
 * work (a step a node, a tenth of a step a character), so that a hostile expression ends in bounded time.
 *
 * Limits: KEP-2876, "Resource constraints": one expression, and all expressions of one request together.
 */
import { CostError } from "./issue.ts";

/** One evaluation of one expression. */
export const expressionLimit = 1_000_000;
/** All evaluations for one request. */
export const requestLimit = 10_000_000;

/** What one expression of a definition may be estimated at, for all places where it applies. */
export const expressionEstimateLimit = 10_000_000;
/** What all expressions of one schema may be estimated at. */
export const definitionEstimateLimit = 100_000_000;

export class Budget {
  constructor(private left: number, private readonly above?: Budget) {}

  /** For one expression of the request that this budget is for. */
  forExpression(limit: number = expressionLimit): Budget {
    return new Budget(limit, this);
  }

  /** Throws CostError when it is used up. */
  spend(cost: number): void {
    this.left -= cost;
    if (this.left < 0) throw new CostError("operation cancelled: actual cost limit exceeded");
    this.above?.spend(cost);
  }

  /** For work along texts: comparing, joining, searching. */
  spendText(characters: number): void {
    this.spend(1 + characters * 0.1);
  }

  get exhausted(): boolean {
    return this.left <= 0;
  }
}
