/** CEL selectors of devices: `device.driver`, `device.attributes[domain].name`, `device.capacity[domain].name`. */
import type { IDevice } from "kubernetes-models/resource.k8s.io/v1/Device";
import {
  bool,
  Budget,
  type CelType,
  compile,
  dyn,
  expressionLimit,
  fits,
  LazyObject,
  mapOf,
  MapValue,
  type ObjectType,
  parseSemver,
  type Program,
  QuantityValue,
  ResultTypeError,
  string,
  typeNamed,
  type Value,
} from "../../../runtime/cel/mod.ts";
import type { Offer } from "./pools.ts";

type Attribute = NonNullable<IDevice["attributes"]>[string];

const fieldTypes: Readonly<Record<string, CelType>> = {
  driver: string,
  allowMultipleAllocations: bool,
  attributes: mapOf(string, mapOf(string, dyn)),
  capacity: mapOf(string, mapOf(string, typeNamed("kubernetes.Quantity"))),
};
const deviceType: ObjectType = {
  kind: "object",
  name: "kubernetes.DRADevice",
  field: (name) => Object.hasOwn(fieldTypes, name) ? { type: fieldTypes[name]!, property: name } : undefined,
};

/** A domain of which the device tells nothing is empty, not an error. */
class Domains extends MapValue {
  override get(key: Value): Value {
    return super.get(key) ?? new MapValue();
  }
}

const compiled = new Map<string, Program>();
/** Expressions come from objects, and there are few; should there be many, compiling again is no harm. */
const mostCompiled = 1000;
const values = new WeakMap<IDevice, LazyObject>();

/** Throws CompileError, EvaluationError and CostError. */
export function selects(expression: string, offer: Offer): boolean {
  const device = valueOf(offer);
  const budget = new Budget(expressionLimit);
  return programOf(expression).run((name) => name === "device" ? device : undefined, budget) === true;
}

function programOf(expression: string): Program {
  const known = compiled.get(expression);
  if (known) return known;
  if (compiled.size >= mostCompiled) compiled.clear();
  const program = compile(expression, { variables: { device: deviceType } });
  // What an attribute is shows only when it is there.
  if (!fits(bool, program.type, new Map())) throw new ResultTypeError([bool], program.type, expression);
  compiled.set(expression, program);
  return program;
}

function valueOf({ device, pool: { driver } }: Offer): LazyObject {
  const known = values.get(device);
  if (known) return known;
  const fields: Record<string, Value> = {
    driver,
    allowMultipleAllocations: device.allowMultipleAllocations ?? false,
    attributes: byDomain(device.attributes ?? {}, driver, attributeValue),
    capacity: byDomain(device.capacity ?? {}, driver, ({ value }) => QuantityValue.parse(String(value))),
  };
  const made = new LazyObject(deviceType, (name) => fields[name]);
  values.set(device, made);
  return made;
}

function byDomain<T>(named: Readonly<Record<string, T>>, driver: string, valueIn: (one: T) => Value): MapValue {
  const domains = new Domains();
  const found = new Map<string, MapValue>();
  for (const [name, one] of Object.entries(named)) {
    const slash = name.indexOf("/");
    const domain = slash < 0 ? driver : name.slice(0, slash);
    const map = found.get(domain) ?? new MapValue();
    map.set(name.slice(slash + 1), valueIn(one));
    if (!found.has(domain)) domains.set(domain, map);
    found.set(domain, map);
  }
  return domains;
}

function attributeValue({ string: text, int, bool: truth, version }: Attribute): Value {
  if (int !== undefined) return BigInt(int);
  if (version !== undefined) return parseSemver(version);
  return truth ?? text ?? null;
}

/** `driver.example.com/model`; a name without domain is in the driver's. Undefined: the device does not say. */
export function attributeText({ device, pool: { driver } }: Offer, name: string): string | undefined {
  const slash = name.indexOf("/");
  const short = name.slice(0, slash) === driver ? device.attributes?.[name.slice(slash + 1)] : undefined;
  const attribute = device.attributes?.[name] ?? short;
  return attribute && JSON.stringify(Object.entries(attribute)[0]);
}
