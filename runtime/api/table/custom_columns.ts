/**
 * Columns of custom resources: `additionalPrinterColumns`, compiled once. A column shows the first value that its path
 * finds, or nothing; a value that is not of the column's type is not shown either.
 */
import type { Json, PrinterColumn } from "../../schema/mod.ts";
import { age, type CellColumn, name, type Printer, printer } from "./cell.ts";
import { humanDuration } from "./human_duration.ts";
import { compileJsonPath } from "./json_path.ts";

export function customPrinter(columns: readonly PrinterColumn[]): Printer {
  if (columns.length === 0) return printer(name, age);
  return printer(name, ...columns.map(customColumn)) as Printer;
}

function customColumn(column: PrinterColumn): CellColumn<never> {
  const { name, type, format, priority, jsonPath } = column;
  const description = column.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  const find = compileJsonPath(jsonPath);
  const cell = (object: unknown, nowMs: number): Json => {
    const [first] = find(object as Json);
    return first === undefined || first === null ? null : shown(type, first, nowMs);
  };
  return { name, type, format, description, priority, cell };
}

function shown(type: string, value: Json, nowMs: number): Json {
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? dateAge(value, nowMs) : null;
    default:
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

function dateAge(value: string, nowMs: number): string {
  const time = Date.parse(value);
  return Number.isNaN(time) ? "<invalid>" : humanDuration(nowMs - time);
}
