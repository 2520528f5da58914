/**
 * When a CronJob runs: five fields, or a word. What is wrong is said as the parser of upstream says it, which takes some that
 * mean nothing (`,`, `*-5`).
 */

/** Lowest and highest value of each field, and its names in order from the lowest. */
const fields = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: "jan feb mar apr may jun jul aug sep oct nov dec".split(" ") },
  { low: 0, high: 6, names: "sun mon tue wed thu fri sat".split(" ") },
];
const words = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

type Field = typeof fields[number];

/** Undefined where nothing is wrong. */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule.includes("TZ")) return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
  if (schedule.startsWith("@")) return wordFault(schedule);
  const parts = schedule.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== fields.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`;
  for (const [i, part] of parts.entries()) {
    for (const range of part.split(",").filter((one) => one !== "")) {
      const fault = rangeFault(range, fields[i]!);
      if (fault) return fault;
    }
  }
}

function wordFault(schedule: string): string | undefined {
  if (!schedule.startsWith("@every ")) {
    return words.includes(schedule) ? undefined : `unrecognized descriptor: ${schedule}`;
  }
  const fault = durationFault(schedule.slice("@every ".length));
  return fault && `failed to parse duration ${schedule}: time: ${fault}`;
}

function durationFault(text: string): string | undefined {
  const quoted = JSON.stringify(text);
  let rest = text.replace(/^[-+]/, "");
  if (rest === "0") return undefined;
  if (rest === "") return `invalid duration ${quoted}`;
  while (rest !== "") {
    const [, number = "", unit = ""] = /^([0-9]*\.?[0-9]*)([^0-9.]*)/.exec(rest) ?? [];
    if (!/[0-9]/.test(number)) return `invalid duration ${quoted}`;
    if (unit === "") return `missing unit in duration ${quoted}`;
    if (!/^(ns|us|µs|μs|ms|s|m|h)$/.test(unit)) return `unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
    rest = rest.slice(number.length + unit.length);
  }
}

/** `*`, `n`, `n-m`, each also with `/step`. */
function rangeFault(text: string, field: Field): string | undefined {
  const [range = "", step, ...steps] = text.split("/");
  const [first = "", last, ...more] = range.split("-");
  const isAll = first === "*" || first === "?";
  if (!isAll && more.length > 0) return `too many hyphens: ${text}`;
  const given = isAll ? [] : [first, ...(last === undefined ? [] : [last])];
  for (const end of given) {
    const fault = numberFault(valueOf(end, field));
    if (fault) return fault;
  }
  if (steps.length > 0) return `too many slashes: ${text}`;
  const stepFault = step === undefined ? undefined : numberFault(step);
  if (stepFault) return stepFault;
  return boundsFault(text, given.map((end) => Number(valueOf(end, field))), field, step);
}

function boundsFault(text: string, given: number[], { low, high }: Field, step?: string): string | undefined {
  const first = given[0] ?? low;
  const last = given[1] ?? (given.length === 0 || step !== undefined ? high : first);
  if (first < low) return `beginning of range (${first}) below minimum (${low}): ${text}`;
  if (last > high) return `end of range (${last}) above maximum (${high}): ${text}`;
  if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${text}`;
  if (Number(step ?? 1) === 0) return `step of range should be a positive number: ${text}`;
}

function valueOf(text: string, { names = [], low }: Field): string {
  const index = names.indexOf(text.toLowerCase());
  return index < 0 ? text : String(index + low);
}

function numberFault(text: string): string | undefined {
  const failed = `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}`;
  if (!/^[-+]?\d+$/.test(text)) return `${failed}: invalid syntax`;
  if (Math.abs(Number(text)) >= 2 ** 63) return `${failed}: value out of range`;
  return Number(text) < 0 ? `negative number (${Number(text)}) not allowed: ${text}` : undefined;
}
