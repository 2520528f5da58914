/** Go reads a MicroTime with exactly six digits behind the point, and says where a text leaves that form. */
const layout = "2006-01-02T15:04:05.000000Z07:00";

/** The parts of the layout in order, each as it is named in what Go says. */
const parts: readonly (readonly [pattern: RegExp, named: string])[] = [
  [/^\d{4}/, "2006"],
  [/^-/, "-"],
  [/^\d\d/, "01"],
  [/^-/, "-"],
  [/^\d\d/, "02"],
  [/^T/, "T"],
  [/^\d\d/, "15"],
  [/^:/, ":"],
  [/^\d\d/, "04"],
  [/^:/, ":"],
  [/^\d\d/, "05"],
  [/^\.\d{6}/, ".000000"],
  [/^(Z|[-+]\d\d:\d\d)/, "Z07:00"],
];

/** True: it can be read; otherwise why not. */
export function readableMicroTime(value: unknown): boolean | string {
  if (typeof value !== "string") return false;
  const quoted = JSON.stringify(value);
  let rest = value;
  for (const [pattern, named] of parts) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) {
      return `parsing time ${quoted} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${
        JSON.stringify(named)
      }`;
    }
    rest = rest.slice(found.length);
  }
  if (rest !== "") return `parsing time ${quoted}: extra text: ${JSON.stringify(rest)}`;
  return rangeFault(value) ?? true;
}

function rangeFault(value: string): string | undefined {
  const part = (at: number) => Number(value.slice(at, at + 2));
  const beyond = (what: string) => `parsing time ${JSON.stringify(value)}: ${what} out of range`;
  const month = part(5);
  if (month < 1 || month > 12) return beyond("month");
  const days = new Date(Date.UTC(Number(value.slice(0, 4)), month, 0)).getUTCDate();
  if (part(8) < 1 || part(8) > days) return beyond("day");
  for (const [at, most, what] of [[11, 23, "hour"], [14, 59, "minute"], [17, 59, "second"]] as const) {
    if (part(at) > most) return beyond(what);
  }
}
