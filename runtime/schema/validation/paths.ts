/** Paths that stay inside of what they are relative to. */
import type { Report } from "./report.ts";

export function validateInsidePath(path: string, report: Report): void {
  if (path.startsWith("/")) report.invalid(path, "must be a relative path");
  validateNoWayUp(path, report);
}

export function validateNoWayUp(path: string, report: Report): void {
  if (path.split("/").includes("..")) report.invalid(path, "must not contain '..'");
}

/** Of files that the kubelet writes: names that begin with `..` are its own. */
export function validateFilePath(path: string, report: Report): void {
  validateInsidePath(path, report);
  if (path.startsWith("..") && !path.startsWith("../") && path !== "..") {
    report.invalid(path, "must not start with '..'");
  }
}
