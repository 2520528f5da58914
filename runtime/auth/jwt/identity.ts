/**
 * Whom the claims of a verified token name, by the rules of its issuer. Pure but for the budget of the expressions.
 *
 * Every function throws an Error that says why a token is not accepted; it is for the log, never for the token's holder.
 */
import { Budget, expressionLimit, jsonOf, type Program, type Value, viewOf } from "../../cel/mod.ts";
import type { User } from "../user.ts";
import type { ClaimMapping, JwtConfiguration } from "./configuration.ts";
import { claimsType, overClaims, overUser, userType } from "./expressions.ts";

export type Claims = Readonly<Record<string, unknown>>;
type Read = (claims: Claims) => unknown;

/** Throws CompileError for expressions that validation has not seen. */
export function identityRules(config: JwtConfiguration): (claims: Claims) => User {
  const { claimMappings: { username, groups, uid, extra }, claimValidationRules, userValidationRules } = config;
  const rules = claimValidationRules.map(claimRule);
  const [name, groupsOf, uidOf] = [usernameOf(username), reader(groups), reader(uid)];
  const extras = extra.map(({ key, valueExpression }) => [key, byExpression(valueExpression)] as const);
  const userRules = userValidationRules.map(userRule);
  return (claims) => {
    for (const check of rules) check(claims);
    const found = uidOf?.(claims);
    const more = extras.map(([key, read]) => [key, texts(`extra ${key}`, read(claims))] as const);
    const kept = more.filter(([, values]) => values.length > 0);
    const user: User = {
      name: name(claims),
      ...(found !== undefined && { uid: oneText("uid", found) }),
      groups: texts("groups", groupsOf?.(claims)).map((group) => (groups.prefix ?? "") + group),
      ...(kept.length > 0 && { extra: Object.fromEntries(kept) }),
    };
    for (const check of userRules) check(user);
    return { ...user, groups: [...user.groups, "system:authenticated"] };
  };
}

function usernameOf(mapping: ClaimMapping): (claims: Claims) => string {
  const read = reader(mapping)!;
  return (claims) => {
    // A mail address that its issuer knows to be unverified names nobody.
    const { email_verified: verified = true } = claims;
    if (mapping.claim === "email" && verified !== true) throw new Error("email not verified");
    const name = oneText("username", read(claims));
    if (!name) throw new Error("the username is empty");
    return (mapping.prefix ?? "") + name;
  };
}

function reader({ claim, expression }: Pick<ClaimMapping, "claim" | "expression">): Read | undefined {
  if (expression) return byExpression(expression);
  return claim ? (claims) => Object.hasOwn(claims, claim) ? claims[claim] : undefined : undefined;
}

function byExpression(expression: string): Read {
  const program = overClaims(expression);
  return (claims) => {
    const budget = new Budget(expressionLimit);
    return jsonOf(program.run((name) => name === "claims" ? viewOf(claims, claimsType) : undefined, budget), budget);
  };
}

function claimRule(
  { claim, requiredValue, expression, message }: JwtConfiguration["claimValidationRules"][number],
): (claims: Claims) => void {
  if (!expression) {
    return (claims) => {
      if (claims[claim] !== requiredValue) throw new Error(`claim ${claim} is not ${JSON.stringify(requiredValue)}`);
    };
  }
  const program = overClaims(expression);
  return (claims) => mustHold(program, "claims", viewOf(claims, claimsType), message);
}

function userRule({ expression, message }: JwtConfiguration["userValidationRules"][number]): (user: User) => void {
  const program = overUser(expression);
  return ({ name, uid = "", groups, extra = {} }) =>
    mustHold(program, "user", viewOf({ username: name, uid, groups, extra }, userType), message);
}

function mustHold(program: Program, variable: string, value: Value, message: string): void {
  if (program.run((name) => name === variable ? value : undefined, new Budget(expressionLimit)) === true) return;
  throw new Error(message || `validation expression ${JSON.stringify(program.text)} failed`);
}

function oneText(what: string, value: unknown): string {
  if (typeof value !== "string") throw new Error(`${what} is no string in this token`);
  return value;
}

/** A text, a list of them, or nothing; empty ones count for nothing. */
function texts(what: string, value: unknown): string[] {
  return [value ?? []].flat().map((one) => oneText(what, one)).filter(Boolean);
}
