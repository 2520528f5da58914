/**
 * Control groups as systemd keeps them: slices that live until they are stopped. What it was not told, it would undo.
 *
 * Source: org.freedesktop.systemd1(5), StartTransientUnit, SetUnitProperties, StopUnit.
 */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import { type CgroupVersion, propertiesOf, type Property } from "./limit_files.ts";

const manager = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
const accounting = ["CPUAccounting", "MemoryAccounting", "TasksAccounting"];

/** Arguments of busctl(1) that make the slice. Pure. */
export function startCommand(unit: string, properties: readonly Property[]): string[] {
  const fixed = [["DefaultDependencies", "b", "false"], ...accounting.map((name) => [name, "b", "true"])];
  const all = [...fixed, ...properties];
  const method = ["StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "replace"];
  return ["call", ...manager, ...method, String(all.length), ...all.flat(), "0"];
}

/** Until the slice is stopped or the machine goes down. Pure. */
export function changeCommand(unit: string, properties: readonly Property[]): string[] {
  return ["call", ...manager, "SetUnitProperties", "sba(sv)", unit, "true", String(properties.length)]
    .concat(properties.flat());
}

/** Pure. */
export function stopCommand(unit: string): string[] {
  return ["call", ...manager, "StopUnit", "ss", unit, "replace"];
}

/** Whether it was not there. */
export async function makeSlice(unit: string, version: CgroupVersion, limits: ResourceLimits): Promise<boolean> {
  const complaint = await busctl(startCommand(unit, propertiesOf(version, limits)));
  if (complaint === undefined) return true;
  if (/already (loaded|exists)/.test(complaint)) return false;
  throw new Error(complaint);
}

export async function changeSlice(unit: string, version: CgroupVersion, limits: ResourceLimits): Promise<void> {
  const complaint = await busctl(changeCommand(unit, propertiesOf(version, limits)));
  if (complaint !== undefined) throw new Error(complaint);
}

export async function stopSlice(unit: string): Promise<void> {
  const complaint = await busctl(stopCommand(unit));
  if (complaint !== undefined && !/not loaded/.test(complaint)) throw new Error(complaint);
}

/** What it complained about. */
async function busctl(args: string[]): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command("busctl", { args, stdin: "null", stdout: "null" }).output();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}
