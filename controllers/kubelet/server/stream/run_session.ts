/** Joins a far end and a process: input, outputs, terminal size, and in the end how it ended. */
import type { ExecSession, Session } from "../../../../runtime/engine/mod.ts";
import { exitStatus, failure, type RemoteCommand, success } from "./remote_command.ts";

export async function runSession(session: Session | ExecSession, remote: RemoteCommand): Promise<void> {
  const leave = () => void session[Symbol.asyncDispose]();
  remote.gone.addEventListener("abort", leave, { once: true });
  try {
    // Neither ends by itself; both end with the session or the far end.
    void feed(session, remote).catch(() => {});
    void resize(session, remote).catch(() => {});
    for await (const { stream, bytes } of session.output) await remote.write(stream, bytes);
    if (!remote.gone.aborted) {
      await remote.finish("exitCode" in session ? exitStatus(await session.exitCode()) : success);
    }
  } catch (error) {
    if (!remote.gone.aborted) await remote.finish(failure(error instanceof Error ? error.message : String(error)));
  } finally {
    remote.gone.removeEventListener("abort", leave);
    await session[Symbol.asyncDispose]();
  }
}

async function feed(session: Session, { stdin }: RemoteCommand): Promise<void> {
  if (!stdin) return;
  for await (const bytes of stdin) await session.write(bytes);
  await session.closeStdin();
}

async function resize(session: Session, { sizes }: RemoteCommand): Promise<void> {
  for await (const { columns, rows } of sizes) await session.resize(columns, rows);
}
