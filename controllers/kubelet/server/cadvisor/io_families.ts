/** Bytes and operations of block devices, by control group. */
import type { Figure, Reading } from "./figure.ts";

interface IoFamily {
  readonly name: string;
  readonly help: string;
  /** Of v1: the file, and its word. Of v2: the key in `io.stat`. */
  readonly v1: readonly [file: string, word: string];
  readonly v2: string;
}

const bytes = "blkio/blkio.throttle.io_service_bytes_recursive";
const operations = "blkio/blkio.throttle.io_serviced_recursive";

const families: readonly IoFamily[] = [
  { name: "container_fs_reads_bytes_total", help: "Cumulative count of bytes read", v1: [bytes, "Read"], v2: "rbytes" },
  {
    name: "container_fs_writes_bytes_total",
    help: "Cumulative count of bytes written",
    v1: [bytes, "Write"],
    v2: "wbytes",
  },
  {
    name: "container_fs_reads_total",
    help: "Cumulative count of reads completed",
    v1: [operations, "Read"],
    v2: "rios",
  },
  {
    name: "container_fs_writes_total",
    help: "Cumulative count of writes completed",
    v1: [operations, "Write"],
    v2: "wios",
  },
];

export async function ioSamples({ subject: { cgroup }, devices }: Reading): Promise<Figure[]> {
  const all = await Promise.all(families.map(async ({ v1: [file, word], v2, name, help }) => {
    const text = await cgroup.text(cgroup.version === 1 ? file : "io.stat") ?? "";
    const counts = cgroup.version === 1 ? countsV1(text, word) : countsV2(text, v2);
    return counts.map(([number, value]): Figure => {
      const device = `/dev/${devices.get(number) ?? number}`;
      return { name, type: "counter", help, value, labels: { device } };
    });
  }));
  return all.flat();
}

type Count = readonly [device: string, value: number];

/** `253:0 Read 4096` a line. */
function countsV1(text: string, word: string): Count[] {
  return [...text.matchAll(/^(\d+:\d+) (\w+) (\d+)$/gm)].filter(([, , what]) => what === word)
    .map(([, device, , value]) => [device!, Number(value)]);
}

/** `253:0 rbytes=4096 wbytes=0 ...` a line. */
function countsV2(text: string, key: string): Count[] {
  const value = new RegExp(`^(\\d+:\\d+) .*\\b${key}=(\\d+)`, "gm");
  return [...text.matchAll(value)].map(([, device, count]) => [device!, Number(count)]);
}
