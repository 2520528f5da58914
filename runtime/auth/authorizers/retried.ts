/** Asks once more when the other side was in trouble that may be over in a moment: at most five times, ever longer apart. */
import { AnswerStatus } from "../https_json.ts";

export interface Pauses {
  readonly wait: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

const attempts = 5;
const firstMs = 500;
const factor = 1.5;
/** Two servers that lost the same webhook do not come back together. */
const jitter = 0.2;

/** Throws what the last one threw. */
export async function retried<T>(ask: () => Promise<T>, { wait, random }: Pauses): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt >= attempts || !mayPass(error)) throw error;
      await wait(firstMs * factor ** (attempt - 1) * (1 + jitter * random()));
    }
  }
}

const passing = [429, 500, 503, 504];

/** A connection that broke, or a server that says that it is not its day. One that is not there is not asked again. */
function mayPass(error: unknown): boolean {
  const { cause } = error as Error;
  if (cause instanceof AnswerStatus) return passing.includes(cause.status);
  return (cause as { code?: string } | undefined)?.code === "ECONNRESET";
}
