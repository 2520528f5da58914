/** Semantic versions: `semver("1.2.3").isLessThan(semver("2.0.0"))`. Source: https://semver.org, 2.0.0. */
import { EvaluationError } from "../issue.ts";
import { checkedInt } from "../operators.ts";
import { overloads } from "../overload.ts";
import { Opaque } from "../value.ts";

export class SemverValue extends Opaque {
  override readonly typeName = "kubernetes.Semver";

  constructor(readonly numbers: readonly bigint[], readonly pre: readonly string[]) {
    super();
  }

  override equals(other: Opaque): boolean {
    return other instanceof SemverValue && compare(this, other) === 0;
  }
}

const identifier = "(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)";
const shape = new RegExp(
  `^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** `v` in front, leading zeros and missing parts are put right. */
function normalized(text: string): string {
  const [, numbers = "", rest = ""] = /^v?([\d.]*)(.*)$/s.exec(text) ?? [];
  const parts = numbers.split(".").map((part) => part.replace(/^0+(?=\d)/, ""));
  while (parts.length < 3 && !parts.includes("")) parts.push("0");
  return parts.join(".") + rest;
}

function trySemver(text: string): SemverValue | undefined {
  const [whole, major, minor, patch, pre] = text.length <= 256 ? shape.exec(text) ?? [] : [];
  if (!whole) return undefined;
  return new SemverValue([BigInt(major!), BigInt(minor!), BigInt(patch!)], pre ? pre.split(".") : []);
}

/** Throws EvaluationError. */
export function parseSemver(text: string): SemverValue {
  const found = trySemver(text);
  if (!found) throw new EvaluationError(`No Major.Minor.Patch elements found in ${JSON.stringify(text)}`);
  return found;
}

function sign<T extends bigint | number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compare(a: SemverValue, b: SemverValue): number {
  for (let i = 0; i < 3; i++) {
    const order = sign(a.numbers[i]!, b.numbers[i]!);
    if (order !== 0) return order;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return sign(b.pre.length, a.pre.length);
  for (let i = 0; i < Math.min(a.pre.length, b.pre.length); i++) {
    const order = comparePre(a.pre[i]!, b.pre[i]!);
    if (order !== 0) return order;
  }
  return sign(a.pre.length, b.pre.length);
}

/** Numbers come before words. */
function comparePre(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return sign(BigInt(a), BigInt(b));
  return left === right ? sign(a, b) : left ? -1 : 1;
}

export const semverFunctions = overloads({
  "semver(string): kubernetes.Semver": parseSemver,
  "semver(string, bool): kubernetes.Semver": (text: string, normalize: boolean) =>
    parseSemver(normalize ? normalized(text) : text),
  "isSemver(string): bool": (text: string) => trySemver(text) !== undefined,
  "isSemver(string, bool): bool": (text: string, normalize: boolean) =>
    trySemver(normalize ? normalized(text) : text) !== undefined,
  "kubernetes.Semver.major(): int": ({ numbers }: SemverValue) => checkedInt(numbers[0]!),
  "kubernetes.Semver.minor(): int": ({ numbers }: SemverValue) => checkedInt(numbers[1]!),
  "kubernetes.Semver.patch(): int": ({ numbers }: SemverValue) => checkedInt(numbers[2]!),
  "kubernetes.Semver.isLessThan(kubernetes.Semver): bool": (a: SemverValue, b: SemverValue) => compare(a, b) < 0,
  "kubernetes.Semver.isGreaterThan(kubernetes.Semver): bool": (a: SemverValue, b: SemverValue) => compare(a, b) > 0,
  "kubernetes.Semver.compareTo(kubernetes.Semver): int": (a: SemverValue, b: SemverValue) => BigInt(compare(a, b)),
});
