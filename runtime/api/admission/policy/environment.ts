/** What an expression of a policy sees: its variables, their types, and their values for one request. */
import {
  bool,
  type CelType,
  declaredField,
  dyn,
  type Environment,
  type FieldType,
  listOf,
  mapOf,
  type ObjectType,
  string,
  typeNamed,
} from "../../../cel/mod.ts";

/** An object type with just these fields. */
export function record(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  return {
    kind: "object",
    name,
    field: (wanted): FieldType | undefined =>
      declaredField(wanted, (property) => Object.hasOwn(fields, property) ? fields[property] : undefined),
  };
}

const kind = record("kubernetes.GroupVersionKind", { group: string, version: string, kind: string });
const resource = record("kubernetes.GroupVersionResource", { group: string, version: string, resource: string });
const userInfo = record("kubernetes.UserInfo", {
  username: string,
  uid: string,
  groups: listOf(string),
  extra: mapOf(string, listOf(string)),
});

export const requestType = record("kubernetes.AdmissionRequest", {
  kind,
  resource,
  subResource: string,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: string,
  name: string,
  namespace: string,
  operation: string,
  userInfo,
  dryRun: bool,
  options: dyn,
});

const auth = "kubernetes.authorization";

export const authorizerTypes = {
  authorizer: typeNamed(`${auth}.Authorizer`),
  "authorizer.requestResource": typeNamed(`${auth}.ResourceCheck`),
};

/** `object`: the type that is matched, where it is known. `variables`: those that were declared before. */
export function policyVariables(
  { params, object = dyn, variables = {} }: {
    readonly params: boolean;
    readonly object?: CelType;
    readonly variables?: Readonly<Record<string, CelType>>;
  },
): Readonly<Record<string, CelType>> {
  return {
    object,
    oldObject: object,
    request: requestType,
    namespaceObject: dyn,
    ...authorizerTypes,
    variables: record("kubernetes.variables", variables),
    ...params ? { params: dyn } : {},
  };
}

const patchType = record("JSONPatch", { op: string, path: string, from: string, value: dyn });

/** `Object`, `Object.spec`, ...: any field may be set; that the object takes it is seen when it is merged. */
function applied(name: string): ObjectType {
  return { kind: "object", name, field: (field) => ({ type: dyn, property: field }) };
}

export const message: NonNullable<Environment["message"]> = (name) => {
  if (name === "JSONPatch") return patchType;
  return /^Object(\.|$)/.test(name) ? applied(name) : undefined;
};

export const appliedType = applied("Object");
export const patchListType = listOf(patchType);
