/** How the agent learns that its machine goes down, in time to end its pods. */
export interface MachineShutdown {
  /** Throws an Error with the reason where a shutdown can't be held back for so long. */
  check(ms: number): Promise<void>;
  /** Holds shutdowns back from now on, until the signal aborts. */
  watch(handlers: ShutdownHandlers, signal: AbortSignal): void;
}

export interface ShutdownHandlers {
  /** The machine goes down when this resolves, or when its patience is over. */
  begun(): Promise<void>;
  /** It doesn't go down after all. */
  cancelled(): void;
  failed(error: unknown): void;
}
