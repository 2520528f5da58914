/** What is wrong with an expression, in the shape that cel-go prints and Kubernetes passes on. */

export interface Issue {
  readonly pos: number;
  readonly message: string;
}

/** An expression that cannot be compiled. */
export class CompileError extends Error {
  override readonly name = "CompileError";

  constructor(readonly issues: readonly Issue[], text: string) {
    super(issues.map((issue) => shownIssue(issue, text)).join("\n"));
  }
}

/** An evaluation that came to no value. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

/** The budget is used up; nothing in an expression may catch it. */
export class CostError extends Error {
  override readonly name = "CostError";
}

/** `ERROR: <input>:1:5: undefined field 'a'`, the line, and a mark below the place. */
function shownIssue({ pos, message }: Issue, text: string): string {
  const before = text.slice(0, pos).split("\n");
  const line = text.split("\n")[before.length - 1] ?? "";
  const column = before.at(-1)!.length;
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${".".repeat(column)}^`;
}
