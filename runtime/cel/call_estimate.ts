/** What a call of a function or an operator costs beyond its arguments, and how large its result can be: one row each. */
import { anything, type Bound, either, itemOf, keyOf, manyOf, mostRequestBytes, one, textOf } from "./bound.ts";

interface CallEstimate {
  readonly cost: number;
  readonly bound: Bound;
}

type Rule = (args: readonly Bound[]) => CallEstimate;

const perCharacter = 0.1;
const perPatternCharacter = 0.25;

const along = ({ kind, most }: Bound) => Math.ceil(most * (kind === "list" || kind === "map" ? 1 : perCharacter));
const capped = (most: number) => Math.min(most, mostRequestBytes);
const sized = ({ kind }: Bound) => kind !== "one" && kind !== "object";

const compared: Rule = ([a = one, b = one]) => ({
  cost: Math.max(1, sized(a) && sized(b) ? Math.ceil(Math.min(a.most, b.most) * perCharacter) : 1),
  bound: one,
});

const added: Rule = ([a = one, b = one]) => {
  const most = capped(a.most + b.most);
  if (a.kind === "text" || b.kind === "text") return { cost: Math.ceil(most * perCharacter), bound: textOf(most) };
  if (a.kind === "list") return { cost: 1, bound: manyOf(most, either(itemOf(a), itemOf(b))) };
  return { cost: 1, bound: a.kind === "any" && b.kind === "any" ? anything : one };
};

const matched = (bound: (text: Bound) => Bound): Rule => ([text = one, pattern = one]) => ({
  cost: Math.ceil((text.most + 1) * perCharacter) * Math.max(1, Math.ceil(pattern.most * perPatternCharacter)),
  bound: bound(text),
});

/** Goes once through its target. */
const walked = (bound: (target: Bound) => Bound): Rule => ([target = one]) => ({
  cost: Math.max(1, along(target)),
  bound: bound(target),
});

const eachWithEach = (bound: (list: Bound) => Bound, times = 1): Rule => ([a = one, b = a]) => ({
  cost: Math.max(1, times * a.most * b.most),
  bound: bound(a),
});

/** Goes through a list and looks at each item. */
const examined = (bound: (list: Bound) => Bound): Rule => ([list = one]) => ({
  cost: Math.max(1, list.kind === "text" ? along(list) : list.most * Math.max(1, along(itemOf(list)))),
  bound: bound(list),
});

const free = (bound: Bound): CallEstimate => ({ cost: 0, bound });
const step = (bound: Bound): CallEstimate => ({ cost: 1, bound });
const nothing = () => one;
const same = (bound: Bound) => bound;
const text = ({ kind, most }: Bound) => textOf(kind === "one" ? Math.max(most, 32) : most);
/** What is parsed stays as long as its text was, for those that print it. */
const parsed = ({ most }: Bound): Bound => ({ kind: "one", most });

const joined: Rule = ([list = one, separator = textOf(0)]) => {
  const most = capped(list.most * (itemOf(list).most + separator.most));
  return { cost: Math.ceil(most * perCharacter), bound: textOf(most) };
};

const replaced: Rule = ([target = one, , by = one]) => ({
  cost: Math.max(1, along(target)),
  bound: textOf(capped(target.most * Math.max(1, by.most))),
});

const formatted: Rule = ([shape = one, list = one]) => {
  const most = capped(shape.most + list.most * Math.max(32, itemOf(list).most));
  return { cost: Math.ceil(most * perCharacter), bound: textOf(most) };
};

function rows(names: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(names.split(" ").map((name) => [name, rule]));
}

const rules: Readonly<Record<string, Rule>> = {
  ...rows("_&&_ _||_", () => free(one)),
  "_?_:_": ([, yes = one, no = one]) => free(either(yes, no)),
  ...rows("_==_ _!=_ _<_ _<=_ _>_ _>=_", compared),
  "_+_": added,
  "@in": ([, range = one]) => ({ cost: range.kind === "map" ? 1 : Math.max(1, range.most), bound: one }),
  ...rows("_[_] _[?_]", ([whole = one]) => step(itemOf(whole))),
  ...rows("or orValue", ([a = one, b = one]) => step(either(a, b))),
  ...rows("optional.of optional.ofNonZeroValue value dyn", ([a = one]) => step(a)),
  ...rows("first last", ([list = one]) => step(itemOf(list))),
  contains: ([whole = one, part = one]) => ({ cost: Math.max(1, along(whole) * along(part)), bound: one }),
  ...rows("startsWith endsWith", ([, part = one]) => ({ cost: Math.max(1, along(part)), bound: one })),
  matches: matched(nothing),
  find: matched(text),
  findAll: matched((target) => manyOf(target.most, target)),
  ...rows("lowerAscii upperAscii trim substring charAt strings.quote string bytes", walked(text)),
  ...rows("base64.encode base64.decode", walked(({ most }) => textOf(capped(most * 2)))),
  ...rows("jsonpatch.escapeKey", walked(({ most }) => textOf(capped(most * 2)))),
  ...rows("reverse slice", walked(same)),
  replace: replaced,
  split: walked((target) => manyOf(target.most, text(target))),
  join: joined,
  format: formatted,
  ...rows("optional.unwrap unwrapOpt", walked(same)),
  flatten: walked((list) => manyOf(capped(list.most * itemOf(list).most), itemOf(itemOf(list)))),
  ...rows("isSorted sum indexOf lastIndexOf", examined(nothing)),
  ...rows("min max", examined(itemOf)),
  ...rows("sets.contains sets.intersects", eachWithEach(nothing)),
  "sets.equivalent": eachWithEach(nothing, 2),
  ...rows("distinct sort", eachWithEach(same)),
  "lists.range": () => step(manyOf(mostRequestBytes, one)),
  ...rows("url ip cidr quantity semver", walked(parsed)),
  ...rows("isURL isIP isCIDR isQuantity isSemver ip.isCanonical", walked(nothing)),
  ...rows("getScheme getHost getHostname getPort getEscapedPath", ([url = one]) => step(textOf(url.most))),
  getQuery: ([url = one]) => ({
    cost: Math.max(1, along(url)),
    bound: { kind: "map", most: url.most, item: manyOf(url.most, textOf(url.most)) },
  }),
  validate: walked((target) => manyOf(16, keyOf(target))),
};

export function callEstimate(name: string, args: readonly Bound[]): CallEstimate {
  return Object.hasOwn(rules, name) ? rules[name]!(args) : step(one);
}
