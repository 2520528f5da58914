/**
 * How much of a device's capacity a request takes (KEP-5075): what it asks for, rounded up to what the device's policy
 * allows; without a wish the policy's default, without a policy all of it.
 */
import type { IDevice } from "kubernetes-models/resource.k8s.io/v1/Device";
import { milliOf } from "../../../runtime/schema/mod.ts";

type Capacity = NonNullable<IDevice["capacity"]>[string];
type Wishes = Readonly<Record<string, string | number>>;

/** In thousandths, by name; undefined where the device cannot give it. */
export function consumption({ capacity = {} }: IDevice, wishes: Wishes): Map<string, number> | undefined {
  if (Object.keys(wishes).some((name) => capacity[name] === undefined)) return undefined;
  const taken = new Map<string, number>();
  for (const [name, one] of Object.entries(capacity)) {
    const amount = amountOf(one, wishes[name]);
    if (amount === undefined || amount > milliOf(one.value)) return undefined;
    taken.set(name, amount);
  }
  return taken;
}

function amountOf({ value, requestPolicy }: Capacity, wish: string | number | undefined): number | undefined {
  const asked = wish ?? requestPolicy?.default;
  if (asked === undefined) return milliOf(value);
  const amount = milliOf(asked);
  const { validRange, validValues } = requestPolicy ?? {};
  if (validValues) return validValues.map(milliOf).sort((a, b) => a - b).find((valid) => valid >= amount);
  if (!validRange) return amount;
  const least = Math.max(amount, milliOf(validRange.min ?? 0));
  const step = validRange.step === undefined ? 0 : milliOf(validRange.step);
  const floor = milliOf(validRange.min ?? 0);
  const rounded = step === 0 ? least : floor + Math.ceil((least - floor) / step) * step;
  return validRange.max !== undefined && rounded > milliOf(validRange.max) ? undefined : rounded;
}
