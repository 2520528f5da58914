/** Where audit events go: a file, a server, or both. */
export interface AuditSink {
  /** Never throws. What it returns is waited for before the request is answered. */
  write(event: object): void | Promise<void>;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/** Events go to all of them. */
export function allSinks(sinks: readonly AuditSink[]): AuditSink {
  return {
    write(event) {
      const slow = sinks.flatMap((sink) => sink.write(event) ?? []);
      return slow.length > 0 ? Promise.all(slow).then(() => {}) : undefined;
    },
    close: async () => void await Promise.all(sinks.map((sink) => sink.close())),
  };
}
