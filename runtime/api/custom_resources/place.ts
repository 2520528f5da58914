/** One value and what it was. */
export interface Place {
  readonly value: unknown;
  /** Present where the value has a counterpart in the old object. */
  readonly old?: unknown;
  readonly path: string;
  /** Whether an object is changed rather than made. */
  readonly update: boolean;
}
