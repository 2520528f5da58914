/** Which functions validate which kind, beyond metadata and closed sets of values. */
import type { KubeObject } from "../object.ts";
import type { Report } from "./report.ts";

export interface Validators {
  /** The object by itself. */
  readonly object?: (object: KubeObject, report: Report) => void;
  /** What may not change. */
  readonly update?: (object: KubeObject, old: KubeObject, report: Report) => void;
}

export const validatorsPerKind: ReadonlyMap<string, Validators> = new Map<string, Validators>([]);
