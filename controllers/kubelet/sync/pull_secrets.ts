/** Reads the Secrets that a pod's images are pulled with. */
import type { PullCredentials } from "../../../runtime/engine/mod.ts";
import { keyOf, Secret } from "../../../runtime/schema/mod.ts";
import { credentialsFor } from "../images/pull_credentials.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import type { LoopContext } from "../../../runtime/loop/mod.ts";
import type { ObjectCache } from "../volumes/object_cache.ts";

interface Reading {
  readonly objects: ObjectCache;
  readonly context: LoopContext;
}

/** A secret that isn't there is told, and the image is pulled without it. */
export async function pullCredentials(
  { objects, context }: Reading,
  pod: Pod,
  image: string,
): Promise<PullCredentials[]> {
  const { namespace = "" } = pod.metadata;
  const secrets = await Promise.all((specOf(pod).imagePullSecrets ?? []).map(async ({ name = "" }) => {
    const found = name ? await objects.get(Secret, { namespace, name }, keyOf(pod)) : undefined;
    if (found) return found;
    const message =
      `Unable to retrieve some image pull secrets (${name}); attempting to pull the image may not succeed.`;
    context.recorder.event(pod, "Warning", "FailedToRetrieveImagePullSecret", message);
  }));
  return credentialsFor(image, secrets.filter((secret) => secret !== undefined));
}
