/** Which types each operator takes: what the checker knows of them. What they do stands in `operators.ts`. */
import { type Overload, overload } from "./overload.ts";

const numbers = ["int", "uint", "double"];
const ordered = ["bool", ...numbers, "string", "bytes", "timestamp", "duration"];

/** Each as `a, b: result`. */
const signatures: Readonly<Record<string, readonly string[]>> = {
  "_==_": ["T, T: bool"],
  "_!=_": ["T, T: bool"],
  "_&&_": ["bool, bool: bool"],
  "_||_": ["bool, bool: bool"],
  "!_": ["bool: bool"],
  "-_": ["int: int", "double: double"],
  "_?_:_": ["bool, T, T: T"],
  "_+_": [
    ...numbers.map((type) => `${type}, ${type}: ${type}`),
    "string, string: string",
    "bytes, bytes: bytes",
    "list<T>, list<T>: list<T>",
    "timestamp, duration: timestamp",
    "duration, timestamp: timestamp",
    "duration, duration: duration",
  ],
  "_-_": [
    ...numbers.map((type) => `${type}, ${type}: ${type}`),
    "timestamp, timestamp: duration",
    "timestamp, duration: timestamp",
    "duration, duration: duration",
  ],
  "_*_": numbers.map((type) => `${type}, ${type}: ${type}`),
  "_/_": numbers.map((type) => `${type}, ${type}: ${type}`),
  "_%_": ["int, int: int", "uint, uint: uint"],
  "@in": ["T, list<T>: bool", "K, map<K, V>: bool"],
  "_[_]": [
    "list<T>, int: T",
    "map<K, V>, K: V",
    "optional<list<T>>, int: optional<T>",
    "optional<map<K, V>>, K: optional<V>",
  ],
  "_[?_]": [
    "list<T>, int: optional<T>",
    "map<K, V>, K: optional<V>",
    "optional<list<T>>, int: optional<T>",
    "optional<map<K, V>>, K: optional<V>",
  ],
};

/** Numbers of different types have an order among them. */
const comparisons = numbers.flatMap((a) => numbers.filter((b) => a !== b).map((b) => `${a}, ${b}: bool`));

const nothing = () => null;

function typed(texts: readonly string[]): readonly Overload[] {
  return texts.map((text) => {
    const [params, result] = text.split(": ");
    return overload(`operator(${params}): ${result}`, nothing);
  });
}

export const operatorSignatures: ReadonlyMap<string, readonly Overload[]> = new Map([
  ...Object.entries(signatures).map(([name, texts]) => [name, typed(texts)] as const),
  ...["_<_", "_<=_", "_>_", "_>=_"].map((name) =>
    [name, typed([...ordered.map((type) => `${type}, ${type}: bool`), ...comparisons])] as const
  ),
]);
