/** A further process in a container, from its start to its exit code, or to the hang-up when nobody listens any more. */
import type { ExecOptions, ExecSession } from "../engine.ts";
import { session } from "./session.ts";
import type { Socket } from "./socket.ts";

/** As docker tells of it; `Pid` is 0 before its start, `ExitCode` null before its end. */
interface Told {
  readonly Pid: number;
  readonly ExitCode: number | null;
}

/** `quietly`: what is refused for a process that has ended. */
export async function startExec(
  api: Socket,
  id: string,
  options: ExecOptions,
  quietly: (error: unknown) => void,
): Promise<ExecSession> {
  const { command, stdin, stdout, stderr, tty } = options;
  const created = await api.call("POST", `/containers/${id}/exec`, {
    body: { AttachStdin: stdin, AttachStdout: stdout, AttachStderr: stderr, Tty: tty, Cmd: command },
  }) as { Id: string };
  const resize = async (columns: number, rows: number) => {
    await api.call("POST", `/exec/${created.Id}/resize?h=${rows}&w=${columns}`).catch(quietly);
  };
  const streams = session(await api.hijack(`/exec/${created.Id}/start`, { Detach: false, Tty: tty }), { tty, resize });
  const ask = () => api.call("GET", `/exec/${created.Id}/json`) as Promise<Told>;
  let over = false;
  return {
    ...streams,
    async exitCode() {
      const { ExitCode } = await once(ask, (told) => told.ExitCode !== null || over);
      over = true;
      return ExitCode ?? hungUp;
    },
    async [Symbol.asyncDispose]() {
      await streams[Symbol.asyncDispose]();
      if (over) return;
      over = true;
      // Nobody waits for it. A docker that is gone has ended the process with it.
      hangUp(ask).catch(() => {});
    },
  };
}

/** What a shell says of a process that SIGHUP ended. */
const hungUp = 129;

/**
 * As a terminal does when its line is cut: docker itself would let the process run on unheard. Its whole group is told;
 * what shall outlive its caller says so (nohup).
 */
async function hangUp(ask: () => Promise<Told>): Promise<void> {
  const { Pid, ExitCode } = await once(ask, (told) => told.Pid > 0 || told.ExitCode !== null);
  if (ExitCode === null) Deno.kill(-Pid, "SIGHUP");
}

const pausesMs = { first: 2, longest: 200 };

/** docker ends the streams before it notes the exit, and takes the connection before it starts: it tells of neither moment. */
async function once(ask: () => Promise<Told>, holds: (told: Told) => boolean): Promise<Told> {
  for (let pauseMs = pausesMs.first;; pauseMs = Math.min(2 * pauseMs, pausesMs.longest)) {
    const told = await ask();
    if (holds(told)) return told;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
