/**
 * Walking below a folder whose content somebody hostile can change at any moment. Each step opens a name relative to the
 * folder that is already open and never follows a symlink, so no exchange of a component leads out.
 */
import { close, constants, open } from "node:fs";
import { promisify } from "node:util";

const openFile = promisify(open);
const closeFile = promisify(close);

const { O_RDONLY, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK } = constants;

/** A file or folder that is held open. `path` names it and nothing else, also to other programs, for as long as it is open. */
export interface Held extends AsyncDisposable {
  readonly path: string;
}

export function holdFolder(path: string): Promise<Held> {
  return hold(path, O_RDONLY | O_DIRECTORY);
}

/** Throws (ELOOP, ENOTDIR) when `name` is a symlink. */
export function holdFolderIn(parent: Held, name: string): Promise<Held> {
  return hold(`${parent.path}/${name}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/** Throws ELOOP when `name` is a symlink. Never waits for the other end of a pipe. */
export function holdEntryIn(parent: Held, name: string): Promise<Held> {
  return hold(`${parent.path}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
}

async function hold(path: string, flags: number): Promise<Held> {
  const descriptor = await openFile(path, flags);
  return {
    path: `/proc/${Deno.pid}/fd/${descriptor}`,
    [Symbol.asyncDispose]: () => closeFile(descriptor),
  };
}
