/** The far end of exec and attach, whatever protocol it speaks. */

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** How a command ended, as the error channel tells it (v4 of the protocol). */
export interface CommandStatus {
  readonly metadata: Record<string, never>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason: string; readonly message: string }[] };
  readonly code?: number;
}

export interface RemoteCommand {
  /** Ends when the far end closes its input. */
  readonly stdin: AsyncIterable<Uint8Array> | undefined;
  readonly sizes: AsyncIterable<TerminalSize>;
  write(stream: "stdout" | "stderr", bytes: Uint8Array): Promise<void>;
  /** Ends the outputs, tells how it ended, closes the connection. */
  finish(status: CommandStatus): Promise<void>;
  /** Aborts when the far end has gone. */
  readonly gone: AbortSignal;
}

export const success: CommandStatus = { metadata: {}, status: "Success" };

export function exitStatus(code: number): CommandStatus {
  if (code === 0) return success;
  return {
    metadata: {},
    status: "Failure",
    reason: "NonZeroExitCode",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
}

export function failure(message: string): CommandStatus {
  return { metadata: {}, status: "Failure", reason: "InternalError", message, code: 500 };
}

/** `{"Width":80,"Height":24}`; nothing for what isn't a size. */
export function parseSize(text: string): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    return Number.isInteger(Width) && Number.isInteger(Height)
      ? { columns: Width as number, rows: Height as number }
      : undefined;
  } catch {
    return undefined;
  }
}
