/** `hostPath`: a path of the node, checked or made as its type says. */
import { MountError } from "./payload.ts";

export async function prepareHostPath({ path, type = "" }: { path: string; type?: string }): Promise<string> {
  if (type === "DirectoryOrCreate") await Deno.mkdir(path, { recursive: true, mode: 0o755 });
  if (type === "FileOrCreate") await (await Deno.open(path, { create: true, append: true, mode: 0o644 })).close();
  const info = await Deno.stat(path).catch(() => undefined);
  const problem = type === "" ? undefined : refuse(path, type, info);
  if (problem) throw new MountError(`hostPath type check failed: ${problem}`);
  // Without a type docker's old habit holds: what isn't there becomes a folder.
  if (!info && type === "") await Deno.mkdir(path, { recursive: true, mode: 0o755 });
  return path;
}

type Kind = "isDirectory" | "isFile" | "isSocket" | "isCharDevice" | "isBlockDevice";

const kinds: Record<string, { kind: Kind; words: string }> = {
  Directory: { kind: "isDirectory", words: "a directory" },
  DirectoryOrCreate: { kind: "isDirectory", words: "a directory" },
  File: { kind: "isFile", words: "a file" },
  FileOrCreate: { kind: "isFile", words: "a file" },
  Socket: { kind: "isSocket", words: "a socket file" },
  CharDevice: { kind: "isCharDevice", words: "a character device" },
  BlockDevice: { kind: "isBlockDevice", words: "a block device" },
};

function refuse(path: string, type: string, info: Deno.FileInfo | undefined): string | undefined {
  const expected = kinds[type];
  if (!expected) return `unknown type ${type}`;
  return info?.[expected.kind] ? undefined : `${path} is not ${expected.words}`;
}
