/** Where audit events go: a file, a server, or both. */
export interface AuditSink {
  /** Never throws and never waits: what comes in one turn is written in one go, in order. */
  write(event: object): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/** Events go to all of them. */
export function allSinks(sinks: readonly AuditSink[]): AuditSink {
  return {
    write: (event) => sinks.forEach((sink) => sink.write(event)),
    close: async () => void await Promise.all(sinks.map((sink) => sink.close())),
  };
}
