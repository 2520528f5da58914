/** Bootstrap tokens go when their time is over (upstream's tokencleaner). An expired one is refused even before it is gone. */
import { refOf, Secret } from "../runtime/schema/mod.ts";
import { bootstrapSecretType } from "../runtime/auth/mod.ts";
import { type Controller, controller, deleting, done, type Outcome, requeueAfter } from "../runtime/loop/mod.ts";

const prefix = "kube-system/bootstrap-token-";
/** Timers hold at most 2^31 ms. */
const longestMs = 86_400_000;

export function bootstrapTokens(): Controller {
  return controller(Secret, {
    name: "token-cleaner",
    async reconcile(key, { read, apply, clock }): Promise<Outcome> {
      const secret = key.startsWith(prefix) ? read(key) : undefined;
      if (secret?.type !== bootstrapSecretType) return done;
      const { expiration } = (secret.data ?? {}) as Record<string, string>;
      const expiresMs = expiration ? Date.parse(atob(expiration)) : Infinity;
      if (!Number.isFinite(expiresMs)) return done;
      const leftMs = expiresMs - clock.now();
      if (leftMs > 0) return requeueAfter(Math.min(leftMs, longestMs));
      await apply([deleting(Secret, refOf(key))]);
      return done;
    },
  });
}
