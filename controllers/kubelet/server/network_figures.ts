/** Bytes, packets and errors of the interfaces that a process sees. Source: proc(5), `/proc/[pid]/net/dev`. */

export interface InterfaceFigures {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

export interface InterfaceCounts extends InterfaceFigures {
  readonly rxPackets: number;
  readonly rxDropped: number;
  readonly txPackets: number;
  readonly txDropped: number;
}

/** The default interface's own figures, and all of them; absent when the process has ended. */
export async function networkFigures(
  process: number | "self",
): Promise<InterfaceFigures & { interfaces: InterfaceFigures[] } | undefined> {
  const interfaces = (await interfaceCounts(process)).map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({
    ...{ name, rxBytes, rxErrors, txBytes, txErrors },
  }));
  const first = interfaces.find(({ name }) => name === "eth0") ?? interfaces[0];
  return first && { ...first, interfaces };
}

/** Empty when the process has ended. */
export async function interfaceCounts(process: number | "self"): Promise<InterfaceCounts[]> {
  return parseInterfaces(await Deno.readTextFile(`/proc/${process}/net/dev`).catch(() => ""));
}

/** Without the loopback. Pure. */
export function parseInterfaces(text: string): InterfaceCounts[] {
  return text.split("\n").slice(2).flatMap((line) => {
    const [, name, figures] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || name === "lo") return [];
    const [rx, tx] = [0, 8].map((first) => figures!.split(/\s+/).map(Number).slice(first, first + 4));
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0] = rx!;
    const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = tx!;
    return [{ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }];
  });
}
