/** The bounds of one item of a LimitRange, held against what somebody uses: faults in upstream's words. */
import { parseQuantity } from "../../schema/mod.ts";

export type Amounts = Record<string, string | number>;

export interface LimitItem {
  readonly type: string;
  readonly min?: Amounts;
  readonly max?: Amounts;
  readonly default?: Amounts;
  readonly defaultRequest?: Amounts;
  readonly maxLimitRequestRatio?: Amounts;
}

export interface Use {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}

type Amount = string | number | undefined;

export function limitFaults(item: LimitItem, { requests = {}, limits = {} }: Use): string[] {
  const claims = item.type === "PersistentVolumeClaim";
  const each = (bounds: Amounts | undefined, check: (name: string, bound: string | number) => string | undefined) =>
    Object.entries(bounds ?? {}).map(([name, bound]) => check(name, bound));
  return [
    ...each(item.min, (name, bound) => below(item, name, bound, requests[name], limits[name])),
    ...each(
      item.max,
      (name, bound) =>
        claims ? aboveAsked(item, name, bound, requests[name]) : above(item, name, bound, requests[name], limits[name]),
    ),
    ...each(item.maxLimitRequestRatio, (name, bound) => ratio(item, name, bound, requests[name], limits[name])),
  ].filter((fault) => fault !== undefined);
}

function nano(amount: string | number): bigint {
  return parseQuantity(amount).nano;
}

function below({ type }: LimitItem, name: string, bound: string | number, asked: Amount, limit: Amount) {
  const said = `minimum ${name} usage per ${type} is ${bound}`;
  if (asked === undefined) return `${said}.  No request is specified`;
  if (nano(asked) < nano(bound)) return `${said}, but request is ${asked}`;
  return limit !== undefined && nano(limit) < nano(bound) ? `${said}, but limit is ${limit}` : undefined;
}

function above({ type }: LimitItem, name: string, bound: string | number, asked: Amount, limit: Amount) {
  const said = `maximum ${name} usage per ${type} is ${bound}`;
  if (limit === undefined) return `${said}.  No limit is specified`;
  if (nano(limit) > nano(bound)) return `${said}, but limit is ${limit}`;
  return asked !== undefined && nano(asked) > nano(bound) ? `${said}, but request is ${asked}` : undefined;
}

function aboveAsked({ type }: LimitItem, name: string, bound: string | number, asked: Amount) {
  const said = `maximum ${name} usage per ${type} is ${bound}`;
  if (asked === undefined) return `${said}.  No request is specified`;
  return nano(asked) > nano(bound) ? `${said}, but request is ${asked}` : undefined;
}

function ratio({ type }: LimitItem, name: string, bound: string | number, asked: Amount, limit: Amount) {
  const said = `${name} max limit to request ratio per ${type} is ${bound}`;
  if (asked === undefined || nano(asked) === 0n) return `${said}, but no request is specified or request is 0`;
  if (limit === undefined || nano(limit) === 0n) return `${said}, but no limit is specified or limit is 0`;
  const found = Number(nano(limit)) / Number(nano(asked));
  return found > Number(nano(bound)) / 1e9 ? `${said}, but provided ratio is ${found.toFixed(6)}` : undefined;
}
