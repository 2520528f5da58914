/** What a person sees while things happen: one line a step, with a tick when it is done. */

export interface Progress {
  /** Runs one step; the line is shown when it is done, earlier when it takes its time, with the reason when it fails. */
  step<T>(what: string, run: (note: (text: string) => void) => Promise<T>): Promise<T>;
  line(text: string): void;
  /** Something to know that stops nothing. */
  warn(text: string): void;
}

export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** Colours. */
  readonly terminal: boolean;
}

const slowMs = 700;

export function progress({ write, terminal }: ProgressOptions): Progress {
  const paint = (code: number, text: string) => terminal ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    async step(what, run) {
      let remark = "";
      const slow = setTimeout(() => write(`${paint(2, "·")} ${what} ...\n`), slowMs);
      const started = performance.now();
      try {
        const result = await run((text) => remark = `: ${text}`);
        write(`${paint(32, "✓")} ${what}${remark} ${paint(2, `(${elapsed(performance.now() - started)})`)}\n`);
        return result;
      } catch (error) {
        write(`${paint(31, "✗")} ${what}\n`);
        throw error;
      } finally {
        clearTimeout(slow);
      }
    },
    line: (text) => write(`${text}\n`),
    warn: (text) => write(`${paint(33, "!")} ${text}\n`),
  };
}

function elapsed(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function terminalProgress(): Progress {
  const encoder = new TextEncoder();
  const write = (text: string) => void Deno.stdout.writeSync(encoder.encode(text));
  return progress({ write, terminal: Deno.stdout.isTerminal() && !Deno.noColor });
}
