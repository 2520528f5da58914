/** Commands as values, and the one place of this room that runs them. */

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; an exit code is an answer, a program that isn't there throws. */
export type Run = (command: readonly string[], stdin?: string) => Promise<CommandResult>;

export const runHere: Run = async (command, stdin) => {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // A program may end without reading its input; its exit code tells.
  if (stdin !== undefined) new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
};

/** Like `run`, for commands that must succeed. */
export async function runChecked(run: Run, command: readonly string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await run(command, stdin);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}
