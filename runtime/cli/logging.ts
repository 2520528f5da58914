/**
 * Logs: everything goes to a file in the data folder that is turned over when it grows; the terminal gets warnings in plain
 * words, or everything with `--verbose`.
 */
import { configure, getJsonLinesFormatter, type LogRecord, type Sink, withFilter } from "@logtape/logtape";

const turnOverBytes = 10 * 1024 * 1024;
const noticed: ReadonlySet<string> = new Set(["warning", "error", "fatal"]);

export interface LoggingOptions {
  /** Absent: no file. */
  readonly file?: string;
  readonly verbose: boolean;
  readonly print: (line: string) => void;
}

export async function configureLogs({ file, verbose, print }: LoggingOptions): Promise<void> {
  const terminal: Sink = (record) => print(plainLine(record));
  await configure({
    reset: true,
    sinks: {
      terminal: verbose ? terminal : withFilter(terminal, "warning"),
      file: file ? rotatedFile(file) : () => {},
    },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["terminal"] },
      { category: [], lowestLevel: "debug", sinks: ["terminal", "file"] },
    ],
  });
}

/** `! kubelet: image "x" can't be pulled (pod=default/web)` */
function plainLine({ level, category, message, properties }: LogRecord): string {
  const text = message.map((part) => typeof part === "string" ? part : show(part)).join("");
  const rest = Object.entries(properties).filter(([, value]) => value !== undefined && !message.includes(value));
  const shown = rest.map(([name, value]) => `${name}=${show(value)}`).join(" ");
  const mark = level === "warning" || level === "error" || level === "fatal" ? "!" : "·";
  return `${mark} ${category.at(-1) ?? "d8s"}: ${text}${shown && ` (${shown})`}`;
}

function show(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
}

/**
 * JSON lines; the file before the last is kept as `FILE.1`. Lines of one turn are written in one go, since every request has
 * one; what is to be noticed is written at once.
 */
function rotatedFile(path: string): Sink {
  const format = getJsonLinesFormatter({ properties: "nest:properties" });
  const encoder = new TextEncoder();
  const open = () => Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  let file = open();
  let size = file.statSync().size;
  let pending: string[] = [];
  const flush = () => {
    if (pending.length === 0) return;
    if (size > turnOverBytes) {
      file.close();
      Deno.renameSync(path, `${path}.1`);
      file = open();
      size = 0;
    }
    const lines = encoder.encode(pending.join(""));
    pending = [];
    file.writeSync(lines);
    size += lines.length;
  };
  addEventListener("unload", flush);
  return (record) => {
    const first = pending.push(format(record)) === 1;
    if (noticed.has(record.level)) flush();
    else if (first) setTimeout(flush, 0);
  };
}
