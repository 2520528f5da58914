/** What is wrong with a configuration file, field by field, in the words of Kubernetes' field errors. */
export class FieldFaults {
  readonly #found: string[] = [];

  required(path: string, why = ""): void {
    this.#found.push(`${path}: Required value${why && `: ${why}`}`);
  }

  /** `value` as JSON shows it; a text that must not be shown comes as `<omitted>`. */
  invalid(path: string, value: unknown, why: string): void {
    this.#found.push(`${path}: Invalid value: ${shown(value)}: ${why}`);
  }

  forbidden(path: string, why: string): void {
    this.#found.push(`${path}: Forbidden: ${why}`);
  }

  duplicate(path: string, value: unknown): void {
    this.#found.push(`${path}: Duplicate value: ${shown(value)}`);
  }

  unsupported(path: string, value: unknown, supported: readonly string[]): void {
    const list = supported.map((one) => JSON.stringify(one)).join(", ");
    this.#found.push(`${path}: Unsupported value: ${shown(value)}: supported values: ${list}`);
  }

  /** Throws an Error with all of them, as upstream joins several. */
  throwAny(prefix = ""): void {
    if (this.#found.length === 0) return;
    throw new Error(prefix + (this.#found.length === 1 ? this.#found[0] : `[${this.#found.join(", ")}]`));
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value);
}
