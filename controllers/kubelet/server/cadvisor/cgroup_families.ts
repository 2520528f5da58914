/**
 * cAdvisor's metrics that are a figure of the kernel's each: name, and where it stands in cgroup v1 and in v2. Data.
 *
 * Source: cAdvisor's documentation, "Monitoring cAdvisor with Prometheus"; the kernel's, "Control Group v2", "Memory
 * Resource Controller", "CPU Accounting Controller".
 */

/** `FILE`, or `FILE FIELD` of a file with a name and a figure a line; and by what the figure is multiplied. */
export type Place = readonly [place: string, scale?: number];

export interface CgroupFamily {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly v1?: Place;
  readonly v2?: Place;
  readonly labels?: Readonly<Record<string, string>>;
  /** Only of who has such a limit. */
  readonly limited?: "cpu";
}

const ticks = 0.01;
const micro = 1e-6;
const nano = 1e-9;

type Rest = Omit<CgroupFamily, "name" | "type" | "help">;

function counter(name: string, help: string, rest: Rest): CgroupFamily {
  return { name, type: "counter", help, ...rest };
}

function gauge(name: string, help: string, rest: Rest): CgroupFamily {
  return { name, type: "gauge", help, ...rest };
}

function failures(failure_type: string, scope: string, v1: string, v2: string): CgroupFamily {
  const name = "container_memory_failures_total";
  const labels = { failure_type, scope };
  return counter(name, "Cumulative count of memory allocation failures.", {
    v1: [`memory/memory.stat ${v1}`],
    v2: [`memory.stat ${v2}`],
    labels,
  });
}

/** Of the kernel's pressure stall information, which control groups of v1 don't have. */
function pressure(resource: "cpu" | "memory" | "io"): CgroupFamily[] {
  const congestion = `due to ${resource === "memory" ? "memory" : resource.toUpperCase()} congestion.`;
  return [
    counter(
      `container_pressure_${resource}_waiting_seconds_total`,
      `Total time duration tasks in the container have waited ${congestion}`,
      { v2: [`${resource}.pressure some`, micro] },
    ),
    counter(
      `container_pressure_${resource}_stalled_seconds_total`,
      `Total time duration no tasks in the container could make progress ${congestion}`,
      { v2: [`${resource}.pressure full`, micro] },
    ),
  ];
}

export const cgroupFamilies: readonly CgroupFamily[] = [
  counter("container_cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds.", {
    v1: ["cpuacct/cpuacct.usage", nano],
    v2: ["cpu.stat usage_usec", micro],
    labels: { cpu: "total" },
  }),
  counter("container_cpu_user_seconds_total", "Cumulative user cpu time consumed in seconds.", {
    v1: ["cpuacct/cpuacct.stat user", ticks],
    v2: ["cpu.stat user_usec", micro],
  }),
  counter("container_cpu_system_seconds_total", "Cumulative system cpu time consumed in seconds.", {
    v1: ["cpuacct/cpuacct.stat system", ticks],
    v2: ["cpu.stat system_usec", micro],
  }),
  counter("container_cpu_cfs_periods_total", "Number of elapsed enforcement period intervals.", {
    v1: ["cpu/cpu.stat nr_periods"],
    v2: ["cpu.stat nr_periods"],
    limited: "cpu",
  }),
  counter("container_cpu_cfs_throttled_periods_total", "Number of throttled period intervals.", {
    v1: ["cpu/cpu.stat nr_throttled"],
    v2: ["cpu.stat nr_throttled"],
    limited: "cpu",
  }),
  counter("container_cpu_cfs_throttled_seconds_total", "Total time duration the container has been throttled.", {
    v1: ["cpu/cpu.stat throttled_time", nano],
    v2: ["cpu.stat throttled_usec", micro],
    limited: "cpu",
  }),
  gauge(
    "container_memory_usage_bytes",
    "Current memory usage in bytes, including all memory regardless of when it was accessed",
    {
      v1: ["memory/memory.usage_in_bytes"],
      v2: ["memory.current"],
    },
  ),
  gauge("container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes", {
    v1: ["memory/memory.max_usage_in_bytes"],
    v2: ["memory.peak"],
  }),
  gauge("container_memory_rss", "Size of RSS in bytes.", {
    v1: ["memory/memory.stat total_rss"],
    v2: ["memory.stat anon"],
  }),
  gauge("container_memory_cache", "Number of bytes of page cache memory.", {
    v1: ["memory/memory.stat total_cache"],
    v2: ["memory.stat file"],
  }),
  gauge("container_memory_mapped_file", "Size of memory mapped files in bytes.", {
    v1: ["memory/memory.stat total_mapped_file"],
    v2: ["memory.stat file_mapped"],
  }),
  gauge("container_memory_swap", "Container swap usage in bytes.", {
    v1: ["memory/memory.stat total_swap"],
    v2: ["memory.swap.current"],
  }),
  gauge("container_memory_kernel_usage", "Size of kernel memory allocated in bytes.", {
    v1: ["memory/memory.kmem.usage_in_bytes"],
    v2: ["memory.stat kernel"],
  }),
  gauge("container_memory_total_active_file_bytes", "Current total active file in bytes.", {
    v1: ["memory/memory.stat total_active_file"],
    v2: ["memory.stat active_file"],
  }),
  gauge("container_memory_total_inactive_file_bytes", "Current total inactive file in bytes.", {
    v1: ["memory/memory.stat total_inactive_file"],
    v2: ["memory.stat inactive_file"],
  }),
  counter("container_memory_failcnt", "Number of memory usage hits limits", {
    v1: ["memory/memory.failcnt"],
    v2: ["memory.events max"],
  }),
  failures("pgfault", "container", "pgfault", "pgfault"),
  failures("pgmajfault", "container", "pgmajfault", "pgmajfault"),
  failures("pgfault", "hierarchy", "total_pgfault", "pgfault"),
  failures("pgmajfault", "hierarchy", "total_pgmajfault", "pgmajfault"),
  counter("container_oom_events_total", "Count of out of memory events observed for the container", {
    v1: ["memory/memory.oom_control oom_kill"],
    v2: ["memory.events oom_kill"],
  }),
  ...pressure("cpu"),
  ...pressure("memory"),
  ...pressure("io"),
];
