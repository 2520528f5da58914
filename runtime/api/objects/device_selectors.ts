/**
 * What selects devices is an expression that says yes or no to one (KEP-4381): whether it can be read is found out before it is
 * stored. What it may read of a device is the business of who runs it.
 */
import { type FieldError, invalidValue, type KubeObject, type Resource } from "../../schema/mod.ts";
import { bool, compile, CompileError, dyn, ResultTypeError } from "../../cel/mod.ts";

/** The same rows, of which those of `resource.k8s.io` that select devices have these rules. */
export function withDeviceRules(rows: readonly Resource[]): readonly Resource[] {
  return rows.map((row) => row.group === "resource.k8s.io" ? { ...row, validate: selectorFaults } : row);
}

interface Selecting {
  readonly selectors?: readonly { readonly cel?: { readonly expression?: string } }[];
}

interface Request extends Selecting {
  readonly exactly?: Selecting;
  readonly firstAvailable?: readonly Selecting[];
}

interface Spec extends Selecting {
  readonly devices?: { readonly requests?: readonly Request[] };
  /** A template's. */
  readonly spec?: Spec;
}

/** What is stored already is not read again: a later server may know words that this one does not. */
function selectorFaults(object: KubeObject, old?: KubeObject): FieldError[] {
  return old ? [] : faultsIn((object.spec ?? {}) as Spec, "spec");
}

function faultsIn(spec: Spec, path: string): FieldError[] {
  const requests = spec.devices?.requests ?? [];
  return [
    ...expressionFaults(spec, path),
    ...spec.spec ? faultsIn(spec.spec, `${path}.spec`) : [],
    ...Array.isArray(requests)
      ? requests.flatMap((one, i) => requestFaults(one, `${path}.devices.requests[${i}]`))
      : [],
  ];
}

function requestFaults({ exactly, firstAvailable = [] }: Request, path: string): FieldError[] {
  return [
    ...exactly ? expressionFaults(exactly, `${path}.exactly`) : [],
    ...firstAvailable.flatMap((one, i) => expressionFaults(one, `${path}.firstAvailable[${i}]`)),
  ];
}

function expressionFaults({ selectors = [] }: Selecting, path: string): FieldError[] {
  return selectors.flatMap(({ cel }, i) => {
    const text = cel?.expression;
    const why = text ? faultOf(text) : undefined;
    return why ? [invalidValue(`${path}.selectors[${i}].cel.expression`, text, why)] : [];
  });
}

function faultOf(text: string): string | undefined {
  try {
    compile(text, { variables: { device: dyn }, result: [bool] });
    return undefined;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    if (!(error instanceof ResultTypeError)) return `compilation failed: ${error.message}`;
    return error.message.replace("must evaluate to bool but got ", "must evaluate to bool or the unknown type, not ");
  }
}
