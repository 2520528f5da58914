/**
 * What kind of value an expression has, as far as is known before it runs. `dyn` is what nobody knows yet.
 *
 * Types print as cel-go prints them, because messages about wrong expressions carry them.
 */

export type CelType =
  | { readonly kind: "plain"; readonly name: string }
  | { readonly kind: "list"; readonly item: CelType }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType }
  | { readonly kind: "optional"; readonly value: CelType }
  | { readonly kind: "type"; readonly of: CelType }
  | { readonly kind: "param"; readonly name: string }
  | ObjectType;

/** A JSON object with known fields. Fields are asked for one at a time: types may hold themselves. */
export interface ObjectType {
  readonly kind: "object";
  readonly name: string;
  /** By name as expressions write it (escaped). `undefined`: no such field. */
  field(name: string): FieldType | undefined;
}

export interface FieldType {
  readonly type: CelType;
  /** Name in JSON. */
  readonly property: string;
}

function plain(name: string): CelType {
  return { kind: "plain", name };
}

export const dyn = plain("dyn");
export const int = plain("int");
export const uint = plain("uint");
export const double = plain("double");
export const bool = plain("bool");
export const string = plain("string");
export const bytes = plain("bytes");
export const nullType = plain("null_type");
export const timestamp = plain("google.protobuf.Timestamp");
export const duration = plain("google.protobuf.Duration");
/** `x-kubernetes-int-or-string`: an int or a string, known only at run time. */
export const intOrString = dyn;

export function listOf(item: CelType): CelType {
  return { kind: "list", item };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: "map", key, value };
}

export function optionalOf(value: CelType): CelType {
  return { kind: "optional", value };
}

/** Names under which types can be written in an expression or a signature. */
const named: Readonly<Record<string, CelType>> = {
  dyn,
  int,
  uint,
  double,
  bool,
  string,
  bytes,
  null_type: nullType,
  timestamp,
  duration,
  "google.protobuf.Timestamp": timestamp,
  "google.protobuf.Duration": duration,
  list: listOf(dyn),
  map: mapOf(dyn, dyn),
};

/** Kubernetes' own (`kubernetes.Quantity`, ...) have no fields: only functions take them. */
export function typeNamed(name: string): CelType {
  return named[name] ?? plain(name);
}

/** What an identifier such as `string` or `int` means where nothing hides it. */
export function typeIdentifier(name: string): CelType | undefined {
  const found = name === "dyn" ? undefined : named[name];
  return found && { kind: "type", of: found };
}

export function shownType(type: CelType): string {
  switch (type.kind) {
    case "list":
      return `list(${shownType(type.item)})`;
    case "map":
      return `map(${shownType(type.key)}, ${shownType(type.value)})`;
    case "optional":
      return `optional_type(${shownType(type.value)})`;
    case "type":
      return `type(${shownType(type.of)})`;
    default:
      return type.name;
  }
}

export type Bindings = Map<string, CelType>;

/** Whether a value of type `given` may stand where `wanted` is; fills the parameters of `wanted`. */
export function fits(wanted: CelType, given: CelType, bound: Bindings): boolean {
  if (wanted.kind === "param") return fitsParam(wanted.name, given, bound);
  if (isDyn(wanted) || isDyn(given)) return true;
  if (given === nullType) return wanted === nullType || wanted.kind === "object" || wanted.kind === "optional";
  if (wanted.kind === "list" && given.kind === "list") return fits(wanted.item, given.item, bound);
  if (wanted.kind === "optional" && given.kind === "optional") return fits(wanted.value, given.value, bound);
  if (wanted.kind === "map" && given.kind === "map") {
    return fits(wanted.key, given.key, bound) && fits(wanted.value, given.value, bound);
  }
  if (wanted.kind === "type") return given.kind === "type";
  // An object reads as a map of what it has.
  if (wanted.kind === "map" && given.kind === "object") return false;
  return wanted.kind === given.kind && shownType(wanted) === shownType(given);
}

function fitsParam(name: string, given: CelType, bound: Bindings): boolean {
  const known = bound.get(name);
  if (!known || isDyn(known) || known === nullType && given.kind === "object") {
    bound.set(name, given);
    return true;
  }
  return fits(known, given, bound);
}

export function isDyn(type: CelType): boolean {
  return type === dyn || type.kind === "plain" && type.name === "dyn";
}

/** A type with its parameters filled in; what stayed open is dyn. */
export function filled(type: CelType, bound: Bindings): CelType {
  switch (type.kind) {
    case "param":
      return bound.get(type.name) ?? dyn;
    case "list":
      return listOf(filled(type.item, bound));
    case "map":
      return mapOf(filled(type.key, bound), filled(type.value, bound));
    case "optional":
      return optionalOf(filled(type.value, bound));
    default:
      return type;
  }
}

/** One type for values of several. */
export function joined(types: readonly CelType[]): CelType {
  const known = types.filter((type) => type !== nullType);
  const [first, ...rest] = known;
  if (!first) return types[0] ?? dyn;
  return rest.every((type) => fits(first, type, new Map()) && fits(type, first, new Map())) ? first : dyn;
}
