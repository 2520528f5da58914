/**
 * Renews the cluster's certificates while it runs: when the first of them has a third of its life left, and at once when the
 * files change (`d8s certs renew`, `d8s certs rotate-token-key`, or an administrator's own). Whoever uses them is told; nothing is restarted for it.
 */
import { type Pki, readCertificate } from "../auth/mod.ts";
import { type Clock, systemClock } from "../loop/mod.ts";

export interface Renewal {
  /** Of the keys and certificates. */
  readonly dir: string;
  readonly pki: Pki;
  /** Renews what is due and reads the rest. */
  readonly make: () => Promise<Pki>;
  readonly changed: (pki: Pki) => void | Promise<void>;
  readonly onTrouble: (error: unknown) => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Files are written one after the other: what follows a change within this time belongs to it. */
const settleMs = 300;
/** Timers hold at most 2^31 ms, and a machine that slept should look again. */
const longestMs = 86_400_000;

/** Resolves when the signal aborts. */
export async function keepRenewed(renewal: Renewal): Promise<void> {
  const { dir, make, changed, onTrouble, signal, clock = systemClock } = renewal;
  let { pki } = renewal;
  using watcher = Deno.watchFs(dir);
  signal.addEventListener("abort", () => watcher.close(), { once: true });
  const changes = watcher[Symbol.asyncIterator]();
  let change = changes.next();
  while (!signal.aborted) {
    const waited = await Promise.race([change, delay(clock, dueMs(pki) - clock.now(), signal)]);
    if (signal.aborted || waited?.done) return;
    if (waited) {
      change = changes.next();
      if (!waited.value.paths.some((path) => /\.crt$|\/sa(-.+)?\.(key|pub)$/.test(path))) continue;
      await delay(clock, settleMs, signal);
    }
    try {
      const made = await make();
      if (!sameCertificates(pki, made)) await changed(made);
      pki = made;
    } catch (error) {
      onTrouble(error);
      await delay(clock, longestMs / 24, signal);
    }
  }
}

function sameCertificates(left: Pki, right: Pki): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** When the first leaf has a third of its life left. */
function dueMs(pki: Pki): number {
  const { apiserver, kubeletClient, admin, frontProxyClient, node, nodeServing } = pki;
  const leaves = [apiserver, kubeletClient, admin, frontProxyClient, node, nodeServing].filter((pair) => !!pair);
  const due = leaves.map(({ cert }) => readCertificate(cert)).map(({ notBeforeMs, notAfterMs }) =>
    notAfterMs - (notAfterMs - notBeforeMs) / 3
  );
  return Math.min(...due) + 1000;
}

function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const end = () => {
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", end);
      resolve(undefined);
    };
    const timer = clock.after(Math.max(0, Math.min(ms, longestMs)), end);
    signal.addEventListener("abort", end, { once: true });
  });
}
