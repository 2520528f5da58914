/** One command to its end, with its output as text. */

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Throw when the exit code isn't 0. Default true. */
  readonly check?: boolean;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCommand(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { stdin, env, cwd, check = true } = options;
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env,
    cwd,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // A command may end without reading its input; its exit code tells.
  if (stdin !== undefined) new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const result = { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  if (check && code !== 0) {
    throw new Error(`${command.join(" ")} ended with ${code}: ${result.stderr.trim() || result.stdout.trim()}`);
  }
  return result;
}
