/** Bytes and errors of the interfaces that a process sees. Source: proc(5), `/proc/[pid]/net/dev`. */

export interface InterfaceFigures {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

/** The default interface's own figures, and all of them; absent when the process has ended. */
export async function networkFigures(
  process: number | "self",
): Promise<InterfaceFigures & { interfaces: InterfaceFigures[] } | undefined> {
  const text = await Deno.readTextFile(`/proc/${process}/net/dev`).catch(() => undefined);
  const interfaces = text === undefined ? [] : parseInterfaces(text);
  const first = interfaces.find(({ name }) => name === "eth0") ?? interfaces[0];
  return first && { ...first, interfaces };
}

/** Without the loopback. Pure. */
export function parseInterfaces(text: string): InterfaceFigures[] {
  return text.split("\n").slice(2).flatMap((line) => {
    const [, name, figures] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || name === "lo") return [];
    const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = figures!.split(/\s+/).map(Number);
    return [{ name, rxBytes, rxErrors, txBytes, txErrors }];
  });
}
