/** The signal that a container is asked to end with (KEP-4960): which there are depends on the pod's system. */
import type { Report } from "./report.ts";

const usual =
  "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP " +
  "TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX";
const fromFirst = Array.from({ length: 15 }, (_, index) => `RTMIN+${index + 1}`);
const fromLast = Array.from({ length: 14 }, (_, index) => `RTMAX-${index + 1}`);

const signals: Readonly<Record<string, readonly string[]>> = {
  linux: [...usual.split(" "), ...fromFirst, ...fromLast].map((name) => `SIG${name}`).sort(),
  windows: ["SIGKILL", "SIGTERM"],
};

/** `system`: the pod's `spec.os.name`. */
export function validateStopSignal(signal: string | undefined, system: string | undefined, report: Report): void {
  if (signal === undefined) return;
  if (!system) return report.forbidden("may not be set for containers with empty `spec.os.name`");
  const known = signals[system];
  if (known && !known.includes(signal)) report.notSupported(signal, known);
}
