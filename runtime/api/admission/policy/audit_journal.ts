/** What policies want to be noted of one request in its audit event, put together from all of them. Source: KEP-3488. */

/** As upstream writes it: one of the list under `validation.policy.admission.k8s.io/validation_failure`. */
export interface NotedFailure {
  readonly message: string;
  readonly policy: string;
  readonly binding: string;
  readonly expressionIndex: number;
  readonly validationActions: readonly string[];
}

const failureKey = "validation.policy.admission.k8s.io/validation_failure";
/** Characters of one annotation. */
const longest = 10 * 1024;

export class AuditJournal {
  readonly #notes = new Map<string, Set<string>>();
  readonly #failures: NotedFailure[] = [];

  /** Params and bindings may say several things under one key: each is told once. */
  note(key: string, value: string): void {
    let values = this.#notes.get(key);
    if (!values) this.#notes.set(key, values = new Set());
    values.add(value.slice(0, longest));
  }

  fail(failure: NotedFailure): void {
    this.#failures.push(failure);
  }

  write(annotate: (key: string, value: string) => void): void {
    for (const [key, values] of this.#notes) annotate(key, [...values].join(", "));
    if (this.#failures.length > 0) annotate(failureKey, JSON.stringify(this.#failures));
  }
}
