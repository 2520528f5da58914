/** How full a filesystem is, and what folders hold of it. */
import { statfs } from "node:fs/promises";
import $ from "dax";

/** As the Summary API tells it. */
export interface FsFigures {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
  readonly inodesUsed: number;
}

/** Of the filesystem that `path` is on. */
export async function fileSystemAt(path: string): Promise<FsFigures> {
  const { bsize, blocks, bavail, bfree, files, ffree } = await statfs(path);
  return {
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes: files,
    inodesFree: ffree,
    inodesUsed: files - ffree,
  };
}

/** What one folder holds, of the filesystem that it shares with others. */
export function partOf(whole: FsFigures, { usedBytes, inodesUsed }: FolderFigures): FsFigures {
  return { ...whole, usedBytes, inodesUsed };
}

export interface FolderFigures {
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

/** By folder. Every file is looked at: ask rarely. Files may go while they are counted; a folder that is gone is left out. */
export async function folderFigures(folders: readonly string[]): Promise<Map<string, FolderFigures>> {
  if (folders.length === 0) return new Map();
  const [bytes, inodes] = await Promise.all([counted(folders, "--block-size=1"), counted(folders, "--inodes")]);
  return new Map(
    [...bytes].map(([folder, usedBytes]) => [folder, { usedBytes, inodesUsed: inodes.get(folder) ?? 0 }]),
  );
}

async function counted(folders: readonly string[], what: string): Promise<Map<string, number>> {
  const { stdout } = await $`du --summarize --one-file-system --null ${what} -- ${folders}`.quiet().noThrow();
  const rows = stdout.split("\0").filter((row) => row !== "").map((row) => /^(\d+)\t(.*)$/s.exec(row)!);
  return new Map(rows.map(([, count, folder]) => [folder!, Number(count)]));
}
