/** What expressions over tokens see: `claims` before there is a user, `user` after. */
import {
  type CelType,
  compile,
  CompileError,
  declaredField,
  dyn,
  listOf,
  mapOf,
  type ObjectType,
  type Program,
  string,
} from "../../cel/mod.ts";

const fields: Readonly<Record<string, CelType>> = {
  username: string,
  uid: string,
  groups: listOf(string),
  extra: mapOf(string, listOf(string)),
};

export const userType: ObjectType = {
  kind: "object",
  name: "kubernetes.UserInfo",
  field: (name) => declaredField(name, (property) => Object.hasOwn(fields, property) ? fields[property] : undefined),
};

export const claimsType = mapOf(string, dyn);

/** Throws CompileError. */
export function overClaims(expression: string): Program {
  return compile(expression, { variables: { claims: claimsType } });
}

/** Throws CompileError. */
export function overUser(expression: string): Program {
  return compile(expression, { variables: { user: userType } });
}

/** Why an expression cannot be used, in upstream's words. A rule must come to a bool, and be known to. */
export function faultOf(expression: string, make: (expression: string) => Program, rule: boolean): string | undefined {
  try {
    const { type } = make(expression);
    return rule && !(type.kind === "plain" && type.name === "bool") ? "must evaluate to bool" : undefined;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return `compilation failed: ${error.message}`;
  }
}
