/** What the audit log counts, under upstream's names. */
import { Counter, type Registry } from "prom-client";

export class AuditCounts {
  #events = 0;
  readonly #lost = new Map<string, number>();

  event(): void {
    this.#events++;
  }

  /** `plugin`: `webhook`, `log`. */
  lost(plugin: string, events: number): void {
    this.#lost.set(plugin, (this.#lost.get(plugin) ?? 0) + events);
  }

  register(registry: Registry): void {
    const total = () => this.#events;
    const lost = this.#lost;
    new Counter({
      name: "apiserver_audit_event_total",
      help: "Counter of audit events generated and sent to the audit backend.",
      registers: [registry],
      collect() {
        this.reset();
        this.inc(total());
      },
    });
    new Counter({
      name: "apiserver_audit_error_total",
      help: "Counter of audit events that failed to be audited properly.",
      labelNames: ["plugin"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [plugin, events] of lost) this.inc({ plugin }, events);
      },
    });
  }
}
