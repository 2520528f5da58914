/** What a namespace asks of its pods, read from its labels, and what a pod does against it. Pure. */
import { baseline, type Check } from "./baseline.ts";
import type { Pod } from "./pod.ts";
import { restricted } from "./restricted.ts";

export const modes = ["enforce", "audit", "warn"] as const;
export type Mode = typeof modes[number];

export interface Policy {
  readonly level: string;
  /** `latest` or `v1.N`, as the label says it. */
  readonly version: string;
}

type Labels = Readonly<Record<string, string>>;

export const prefix = "pod-security.kubernetes.io/";
export const levels = ["privileged", "baseline", "restricted"] as const;
const versionPattern = /^v1\.(\d+)$/;

/** What a namespace is held to by its own labels, or by `defaults` where these say nothing. */
export type Defaults = Readonly<Record<Mode | `${Mode}-version`, string>>;

/** `undefined`: everything is allowed. A level that is none is the strictest, as upstream fails closed. */
export function policyOf(labels: Labels | undefined, mode: Mode, defaults: Defaults): Policy | undefined {
  const level = labels?.[prefix + mode] || defaults[mode];
  if (level === "privileged") return undefined;
  const version = labels?.[`${prefix}${mode}-version`] || defaults[`${mode}-version`];
  return { level: isLevel(level) ? level : "restricted", version };
}

function isLevel(text: string): boolean {
  return (levels as readonly string[]).includes(text);
}

export interface LabelFault {
  readonly label: string;
  readonly value: string;
  readonly message: string;
}

export function labelFaults(labels: Labels = {}): LabelFault[] {
  return modes.flatMap((mode) => {
    const faults: LabelFault[] = [];
    const [level, version] = [prefix + mode, `${prefix}${mode}-version`];
    const [levelValue, versionValue] = [labels[level], labels[version]];
    if (levelValue !== undefined && !isLevel(levelValue)) {
      faults.push({ label: level, value: levelValue, message: `must be one of ${levels.join(", ")}` });
    }
    if (versionValue !== undefined && versionValue !== "latest" && !versionPattern.test(versionValue)) {
      faults.push({ label: version, value: versionValue, message: 'must be "latest" or "v1.x"' });
    }
    return faults;
  });
}

/** Everything that is wrong, joined; empty: nothing. */
export function violations(pod: Pod, policy: Policy): string {
  return found(pod, policy).join(", ");
}

/** As `violations`, without whose fault each is. */
export function reasons(pod: Pod, policy: Policy): string {
  return found(pod, policy).map((one) => one.split(" (")[0]).join(", ");
}

function found(pod: Pod, { level, version }: Policy): string[] {
  const minor = Number(versionPattern.exec(version)?.[1] ?? Infinity);
  const all: readonly Check[] = level === "restricted" ? [...baseline, ...restricted] : baseline;
  const current = all.filter(({ since }) => minor >= since);
  const replaced = new Set(current.map(({ replaces }) => replaces));
  const checks = current.filter(({ id }) => !replaced.has(id));
  return checks.map((check) => check.find(pod, minor)).filter((one) => one !== undefined);
}

export function shownPolicy({ level, version }: Policy): string {
  return JSON.stringify(`${level}:${version}`);
}
