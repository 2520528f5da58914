/** The audit log that the settings ask for. */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { auditLogFile, type AuditOptions, parsePolicy } from "../api/audit/mod.ts";
import type { Settings } from "./settings.ts";

/** Throws when the policy cannot be read or is wrong: nobody runs without the log that was asked for. */
export async function openAudit({ audit }: Settings): Promise<AuditOptions | undefined> {
  if (!audit) return undefined;
  const log = getLogger(["d8s", "audit"]);
  const policy = parsePolicy(load(await Deno.readTextFile(audit.policy)));
  const sink = await auditLogFile({
    path: audit.path,
    maxBytes: audit.maxSize * 2 ** 20,
    backups: audit.maxBackup,
    maxAgeMs: audit.maxAge * 86_400_000,
    now: Date.now,
    onTrouble: (error) => log.error("the audit log could not be written", { path: audit.path, error }),
  });
  return { policy, sink };
}
