/** Decisions that are kept for a while: each under what was asked, so many at most, the oldest first to go. */
import type { Decision } from "../user.ts";

const mostRemembered = 8192;
/** Questions longer than this cost more memory than they save. */
const longestQuestion = 10_000;

export interface Kept {
  readonly decision: Decision;
  readonly untilMs: number;
}

export class RememberedDecisions {
  readonly #kept = new Map<string, Kept>();

  get(question: string, nowMs: number): Decision | undefined {
    const found = this.#kept.get(question);
    if (found && found.untilMs > nowMs) return found.decision;
    if (found) this.#kept.delete(question);
    return undefined;
  }

  set(question: string, kept: Kept): void {
    if (question.length > longestQuestion) return;
    if (this.#kept.size >= mostRemembered) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(question, kept);
  }
}
