/**
 * What every Prometheus client tells of its own process, read when it is asked for: prom-client's own collector watches
 * the event loop with a timer of 10 ms, which keeps an idle process busy.
 */
import process from "node:process";
import { Counter, Gauge, type Registry } from "prom-client";

export function processMetrics(registry: Registry): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const startedMs = performance.timeOrigin;
  gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", () => startedMs / 1000);
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => Deno.memoryUsage().rss);
  gauge("process_heap_bytes", "Bytes of the JavaScript heap that are in use.", () => Deno.memoryUsage().heapUsed);
  gauge("process_open_fds", "Number of open file descriptors.", () => [...Deno.readDirSync("/proc/self/fd")].length);
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}
