/** The audit log that the settings ask for: into a file, to a server, or both. */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import {
  allSinks,
  AuditCounts,
  auditLogFile,
  type AuditOptions,
  type AuditSink,
  auditWebhook,
  parsePolicy,
} from "../api/audit/mod.ts";
import { httpsConnection } from "../client/https_connection.ts";
import { kubeconfigAccess } from "../client/mod.ts";
import { systemClock } from "../loop/mod.ts";
import type { AuditSettings } from "./audit_settings.ts";
import type { Settings } from "./settings.ts";

const log = getLogger(["d8s", "audit"]);
const answerMs = 30_000;

/** Throws when the policy or the webhook's file cannot be read or is wrong: nobody runs without the log that was asked for. */
export async function openAudit({ audit }: Settings): Promise<AuditOptions | undefined> {
  if (!audit) return undefined;
  const policy = parsePolicy(load(await Deno.readTextFile(audit.policy)));
  const counts = new AuditCounts();
  const sinks: AuditSink[] = [];
  if (audit.log) sinks.push(await toFile(audit.log, counts));
  if (audit.webhook) sinks.push(toServer(audit.webhook, counts));
  return { policy, counts, sink: allSinks(sinks) };
}

function toFile({ path, maxSize, maxBackup, maxAge }: NonNullable<AuditSettings["log"]>, counts: AuditCounts) {
  return auditLogFile({
    path,
    maxBytes: maxSize * 2 ** 20,
    backups: maxBackup,
    maxAgeMs: maxAge * 86_400_000,
    now: Date.now,
    onTrouble: (error) => {
      counts.lost("log", 1);
      log.error("the audit log could not be written", { path, error });
    },
  });
}

function toServer({ config, ...options }: NonNullable<AuditSettings["webhook"]>, counts: AuditCounts): AuditSink {
  const target = kubeconfigAccess({ path: config });
  const connection = httpsConnection(target);
  const { search } = new URL(target.server);
  const sink = auditWebhook({
    ...options,
    async post(body) {
      const answer = await connection.send({ method: "POST", path: search, body, silenceMs: answerMs });
      answer.resume();
      return answer.statusCode ?? 0;
    },
    clock: systemClock,
    random: Math.random,
    onLost(events, error) {
      counts.lost("webhook", events);
      log.error("audit events are lost", { events, server: target.server, error });
    },
  });
  return {
    write: (event) => sink.write(event),
    async close() {
      await sink.close();
      connection[Symbol.dispose]();
    },
  };
}
