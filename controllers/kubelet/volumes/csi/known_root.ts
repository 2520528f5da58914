/**
 * The agent's folder under the name that drivers and their manifests have built in (`/var/lib/kubelet`): a driver's container
 * sees the folders of pods there, so paths must be told to it under that name.
 */

/** Makes the link where nothing is. Whatever else is there stays, and the agent's own name is used. */
export async function knownRoot(rootDir: string, wellKnownDir: string | undefined): Promise<string> {
  if (wellKnownDir === undefined) return rootDir;
  try {
    await Deno.symlink(rootDir, wellKnownDir);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const [known, own] = await Promise.all(
    [wellKnownDir, rootDir].map((path) => Deno.realPath(path).catch(() => undefined)),
  );
  return known !== undefined && known === own ? wellKnownDir : rootDir;
}

/** Takes the link away, and nothing else. */
export async function forgetKnownRoot(rootDir: string, wellKnownDir: string | undefined): Promise<void> {
  if (wellKnownDir === undefined) return;
  const target = await Deno.readLink(wellKnownDir).catch(() => undefined);
  if (target === rootDir) await Deno.remove(wellKnownDir);
}
