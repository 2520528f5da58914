/** Sets what is absent, leaves what is there. Values that are objects must be fresh ones: the target keeps them. */
export function fill<T extends object>(target: T, values: Partial<T>): void {
  for (const name of Object.keys(values) as (keyof T)[]) {
    if (target[name] === undefined) target[name] = values[name]!;
  }
}
