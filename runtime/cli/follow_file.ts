/** A configuration file that is taken up again when it changes, also when another is put in its place. */
import { basename, dirname } from "node:path";

/** `changed` is never called while an earlier call has not ended. Dispose to stop. */
export function followFile(path: string, changed: () => Promise<void>): AsyncDisposable {
  const watcher = Deno.watchFs(dirname(path));
  const following = (async () => {
    for await (const { paths } of watcher) {
      if (paths.some((one) => basename(one) === basename(path))) await changed();
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      watcher.close();
      await following;
    },
  };
}
