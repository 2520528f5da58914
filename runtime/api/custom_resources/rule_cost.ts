/**
 * What the rules of a definition cost at most, before it is stored: each for as many values as there can be at its place,
 * and all together. Source: KEP-2876, "Resource constraints".
 */
import { type FieldError, forbidden } from "../../schema/mod.ts";
import { type Bounds, definitionEstimateLimit, expressionEstimateLimit, mostRequestBytes } from "../../cel/mod.ts";
import { expressionType } from "./expression_type.ts";
import type { JsonSchema } from "./json_schema.ts";
import { compileRule } from "./rules.ts";
import { boundOf, leastBytes, mostItems } from "./value_bound.ts";

interface Spot {
  readonly path: string;
  readonly root: boolean;
  /** How many such values an object can hold; `undefined`: only a request's size says. */
  readonly count: number | undefined;
}

interface Priced {
  readonly path: string;
  readonly what: "rule" | "messageExpression";
  readonly cost: number;
}

const advice = "where arrays, maps, and strings are declared";

/** `schema`: one whose rules compile. */
export function costFaults(schema: JsonSchema, path: string): FieldError[] {
  const all = pricedIn(schema, { path, root: true, count: 1 });
  const total = all.reduce((sum, { cost }) => sum + cost, 0);
  const own = all.filter(({ cost }) => cost > expressionEstimateLimit).map(tooDear);
  if (total <= definitionEstimateLimit) return own;
  const dearest = all.toSorted((a, b) => b.cost - a.cost).filter(({ cost }) => cost > total / 100).slice(0, 4);
  return [...own, ...dearest.map(partOfTotal), tooDearTogether(total, path)];
}

function tooDear({ path, what, cost }: Priced): FieldError {
  const why = `estimated ${what} cost exceeds budget by factor of ${factor(cost, expressionEstimateLimit)}`;
  return forbidden(
    path,
    `${why} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength ${advice})`,
  );
}

function partOfTotal({ path }: Priced): FieldError {
  return forbidden(path, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
}

function tooDearTogether(total: number, path: string): FieldError {
  const why = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema " +
    `exceeds budget by factor of ${factor(total, definitionEstimateLimit)}`;
  return forbidden(
    path,
    `${why} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength ${advice})`,
  );
}

/** `1.9x`; close to the limit with more digits, far from it without any. */
function factor(cost: number, limit: number): string {
  const times = cost / limit;
  if (times > 100) return "more than 100x";
  return `${times.toFixed(times < 1.5 ? 6 : 1)}x`;
}

function pricedIn(schema: JsonSchema, spot: Spot): Priced[] {
  const { path, count } = spot;
  const { properties = {}, items, additionalProperties: more } = schema;
  const inner = (limit: number | undefined) =>
    count === undefined || limit === undefined ? undefined : count * mostItems(schema);
  const below = (one: JsonSchema, name: string, times: number | undefined) =>
    pricedIn(one, { path: `${path}.${name}`, root: false, count: times });
  return [
    ...ownPrices(schema, spot),
    ...Object.entries(properties).flatMap(([name, one]) => below(one, `properties[${name}]`, count)),
    ...items ? below(items, "items", inner(schema.maxItems)) : [],
    ...more && more !== true ? below(more, "additionalProperties", inner(schema.maxProperties)) : [],
  ];
}

function ownPrices(schema: JsonSchema, { path, root, count }: Spot): Priced[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return [];
  const times = count ?? Math.floor(mostRequestBytes / (leastBytes(schema) + 1));
  const self = boundOf(schema, root);
  const bounds: Bounds = (name) => name === "self" || name === "oldSelf" ? self : undefined;
  return rules.flatMap((declared, i) => {
    const { rule, message } = compileRule(declared, expressionType(schema, root));
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const own: Priced = { path: `${at}.rule`, what: "rule", cost: rule.cost(bounds) * times };
    if (!message) return [own];
    return [own, { path: `${at}.messageExpression`, what: "messageExpression", cost: message.cost(bounds) * times }];
  });
}
