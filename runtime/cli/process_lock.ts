/**
 * One d8s for a data folder. The lock is the kernel's (flock), so it goes with its holder, however that ends; the pid in
 * the file is for people and for `down`.
 */
export interface ProcessLock extends Disposable {
  readonly path: string;
}

export class AlreadyRunning extends Error {
  override readonly name = "AlreadyRunning";
  constructor(readonly pid: number, dataDir: string) {
    super(`d8s already runs on ${dataDir} (process ${pid}); stop it with: kill ${pid}`);
  }
}

/** Throws `AlreadyRunning`. */
export async function takeLock(dataDir: string): Promise<ProcessLock> {
  const path = `${dataDir}/d8s.pid`;
  const file = await openFile(dataDir, path);
  if (!file.tryLockSync(true)) {
    file.close();
    throw new AlreadyRunning(await readPid(path), dataDir);
  }
  file.truncateSync(0);
  file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  return { path, [Symbol.dispose]: () => file.close() };
}

async function openFile(dataDir: string, path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
    return await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new Error(`you may not write to ${dataDir}: use sudo, or name a folder of yours with --data-dir`);
  }
}

/** The process that holds the lock of a data folder, if one does. */
export async function lockHolder(dataDir: string): Promise<number | undefined> {
  const path = `${dataDir}/d8s.pid`;
  try {
    using file = await Deno.open(path, { read: true, write: true });
    if (file.tryLockSync(true)) return undefined;
    return await readPid(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function readPid(path: string): Promise<number> {
  return Number((await Deno.readTextFile(path)).trim());
}
