/** What the kernel counts of a control group. */
import { figureAt } from "../../node/cgroup_files.ts";
import type { Figure, Reading } from "./figure.ts";
import { cgroupFamilies, type CgroupFamily } from "./cgroup_families.ts";

export async function cgroupSamples({ subject }: Reading): Promise<Figure[]> {
  const isLimited = subject.container?.observed.state.limits.cpuQuota !== undefined;
  const told = cgroupFamilies.filter(({ limited }) => limited === undefined || isLimited);
  const figures = await Promise.all(told.map((family) => figureOf(family, subject)));
  return figures.filter((figure) => figure !== undefined);
}

async function figureOf(family: CgroupFamily, { cgroup }: Reading["subject"]): Promise<Figure | undefined> {
  const { v1, v2, limited: _, ...rest } = family;
  const place = cgroup.version === 1 ? v1 : v2;
  const figure = place && await figureAt(cgroup, place[0]);
  return figure === undefined ? undefined : { ...rest, value: scaled(figure, place![1]) };
}

/** As a division, which is exact where the multiplication by a fraction is not. */
function scaled(figure: number, scale = 1): number {
  return scale < 1 ? figure / Math.round(1 / scale) : figure * scale;
}
