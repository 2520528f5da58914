/** Names of block devices. Source: proc(5), `/proc/partitions` and `/proc/[pid]/mountinfo`. */

/** By `MAJOR:MINOR`. */
export async function blockDevices(): Promise<Map<string, string>> {
  const table = await Deno.readTextFile("/proc/partitions").catch(() => "");
  return new Map(
    [...table.matchAll(/^\s*(\d+)\s+(\d+)\s+\d+\s+(\S+)$/gm)].map(([, a, b, name]) => [`${a}:${b}`, name!]),
  );
}

/** What the filesystem that `path` is on is mounted from: `/dev/vda1`, `tmpfs`. */
export async function deviceOf(path: string): Promise<string> {
  const real = await Deno.realPath(path);
  const mounts = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n").filter(Boolean).map((line) => {
    const words = line.split(" ");
    return { point: words[4]!, source: words[words.indexOf("-") + 2]! };
  });
  const around = mounts.filter(({ point }) => point === "/" || point === real || real.startsWith(`${point}/`));
  return around.reduce((best, one) => one.point.length >= best.point.length ? one : best).source;
}
