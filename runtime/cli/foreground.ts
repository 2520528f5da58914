/** Staying until somebody says stop: the first Ctrl-C or SIGTERM asks, the second, or the end of patience, insists. */
import { getLogger } from "@logtape/logtape";

export const stopWithinMs = 4500;

/** Aborts with the first signal; the process ends at the second. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => {
      if (stopping.signal.aborted) Deno.exit(130);
      stopping.abort();
    });
  }
  return stopping.signal;
}

/** A failure that nobody waited for is logged, and ends neither the API server nor the loops that are well. */
export function surviveStrayFailures(): void {
  const log = getLogger(["d8s"]);
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("a failure that nobody waited for", { error: event.reason });
  });
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/**
 * Runs `stop`, and ends the process where that takes longer than five seconds: what was answered is on disk already. `failure`:
 * why it stops, unless it was asked to; whoever would have told is gone by then.
 */
export async function stopInTime(
  stop: () => Promise<void>,
  say: (text: string) => void,
  failure?: unknown,
): Promise<void> {
  const insist = setTimeout(() => {
    say("something did not stop in time; ending anyway (nothing acknowledged is lost)");
    if (failure !== undefined) say(failure instanceof Error ? failure.message : String(failure));
    Deno.exit(failure === undefined ? 0 : 1);
  }, stopWithinMs);
  await stop();
  clearTimeout(insist);
}
