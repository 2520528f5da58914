/** Times as configuration files write them (Go's `1h30m`, `2.5s`), in milliseconds; `undefined`: it is none. */
export function durationMs(text: string): number | undefined {
  const [, sign, rest] = /^([-+]?)((?:\d+(?:\.\d*)?(?:h|ms|us|µs|ns|m|s))+|0)$/.exec(text) ?? [];
  if (!rest) return undefined;
  const parts = [...rest.matchAll(/(\d+(?:\.\d*)?)(h|ms|us|µs|ns|m|s)/g)];
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
  return sign === "-" ? -ms : ms;
}

const units: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};
