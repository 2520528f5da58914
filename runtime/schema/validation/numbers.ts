/** Ports, percentages and amounts. */
import { compareQuantities } from "../quantity.ts";
import { addressText, rangeOfText } from "./ip_text.ts";
import { portName } from "./names.ts";
import type { Report } from "./report.ts";

export function validatePort(port: number, report: Report): void {
  if (port < 1 || port > 65535) report.invalid(port, "must be between 1 and 65535, inclusive");
}

/** A number in range, or the name of a port. */
export function validatePortOrName(port: number | string | undefined, report: Report): void {
  if (typeof port === "string") report.named(port, portName);
  else validatePort(port ?? 0, report);
}

const percentRule =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', " +
  "regex used for validation is '[0-9]+%')";

/** `3` or `25%`, not below zero. */
export function validateCountOrPercent(value: number | string | undefined, report: Report): void {
  if (typeof value === "number") report.nonNegative(value);
  else if (value !== undefined && !/^[0-9]+%$/.test(value)) report.invalid(value, percentRule);
}

export function validateAtMostAll(value: number | string | undefined, report: Report): void {
  if (typeof value === "string" && /^[0-9]+%$/.test(value) && parseInt(value) > 100) {
    report.invalid(value, "must not be greater than 100%");
  }
}

/** 0, "0" and "0%" are nothing. */
export function isNone(value: number | string | undefined): boolean {
  return typeof value === "number" ? value === 0 : value !== undefined && parseInt(value) === 0;
}

export function validateIp(address: string, report: Report): void {
  report.named(address, addressText);
}

export function validateCidr(text: string, report: Report): void {
  report.named(text, rangeOfText);
}

export function validateAmount(amount: string | number, report: Report): void {
  if (compareQuantities(amount, 0) < 0) report.invalid(String(amount), "must be greater than or equal to 0");
}

/** Ids of users and groups. */
export function validateId(id: number | undefined, report: Report): void {
  if (id !== undefined && (id < 0 || id > 2 ** 31 - 1)) {
    report.invalid(id, "must be between 0 and 2147483647, inclusive");
  }
}
