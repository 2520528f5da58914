/** Kubernetes quantities in expressions: `quantity("1.5Gi").isGreaterThan(quantity("1G"))`. */
import { compareQuantities, parseQuantity, type Quantity } from "../../schema/mod.ts";
import { EvaluationError } from "../issue.ts";
import { checkedInt } from "../operators.ts";
import { overloads } from "../overload.ts";
import { Opaque } from "../value.ts";

const unit = 1_000_000_000n;

export class QuantityValue extends Opaque {
  override readonly typeName = "kubernetes.Quantity";

  constructor(readonly nano: bigint) {
    super();
  }

  static parse(text: string): QuantityValue {
    return new QuantityValue(amountIn(text).nano);
  }

  override equals(other: Opaque): boolean {
    return other instanceof QuantityValue && other.nano === this.nano;
  }
}

function amountIn(text: string): Quantity {
  try {
    return parseQuantity(text);
  } catch (error) {
    throw new EvaluationError((error as Error).message);
  }
}

function isQuantity(text: string): boolean {
  try {
    compareQuantities(text, text);
    return true;
  } catch {
    return false;
  }
}

function asInteger({ nano }: QuantityValue): bigint {
  if (nano % unit !== 0n) throw new EvaluationError("cannot convert value to integer");
  return checkedInt(nano / unit);
}

const sign = ({ nano }: QuantityValue) => BigInt(nano === 0n ? 0 : nano < 0n ? -1 : 1);

export const quantityFunctions = overloads({
  "quantity(string): kubernetes.Quantity": QuantityValue.parse,
  "isQuantity(string): bool": isQuantity,
  "kubernetes.Quantity.sign(): int": sign,
  "kubernetes.Quantity.isInteger(): bool": ({ nano }: QuantityValue) => nano % unit === 0n && nano / unit < 2n ** 63n,
  "kubernetes.Quantity.asInteger(): int": asInteger,
  "kubernetes.Quantity.asApproximateFloat(): double": ({ nano }: QuantityValue) => Number(nano) / 1e9,
  "kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity": (a: QuantityValue, b: QuantityValue) =>
    new QuantityValue(a.nano + b.nano),
  "kubernetes.Quantity.add(int): kubernetes.Quantity": (a: QuantityValue, b: bigint) =>
    new QuantityValue(a.nano + b * unit),
  "kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity": (a: QuantityValue, b: QuantityValue) =>
    new QuantityValue(a.nano - b.nano),
  "kubernetes.Quantity.sub(int): kubernetes.Quantity": (a: QuantityValue, b: bigint) =>
    new QuantityValue(a.nano - b * unit),
  "kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool": (a: QuantityValue, b: QuantityValue) => a.nano < b.nano,
  "kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool": (a: QuantityValue, b: QuantityValue) =>
    a.nano > b.nano,
  "kubernetes.Quantity.compareTo(kubernetes.Quantity): int": (a: QuantityValue, b: QuantityValue) =>
    sign(new QuantityValue(a.nano - b.nano)),
});
