/** `DeleteOptions` from body and query; the body wins where both speak. */
import { type FieldError, invalid, type KubeObject } from "../../schema/mod.ts";
import { badRequest } from "../objects/refusals.ts";
import type { DeleteCall, WriteCall } from "../operations.ts";
import { flag, text, whole } from "./query.ts";
import { dryRunFaults } from "./write_options.ts";

interface Body extends KubeObject {
  gracePeriodSeconds?: unknown;
  propagationPolicy?: unknown;
  orphanDependents?: unknown;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: unknown;
}

const policies = ["Orphan", "Background", "Foreground"] as const;
type Policy = typeof policies[number];

/** Throws BadRequest and Invalid. */
export function deleteCall(body: KubeObject, query: URLSearchParams, call: WriteCall): DeleteCall {
  const options = body as Body;
  if (options.kind && options.kind !== "DeleteOptions") {
    const names = `${JSON.stringify(options.kind)} is registered for version "${
      options.apiVersion ?? "meta.k8s.io/v1"
    }"`;
    throw badRequest(`no kind ${names} in scheme "pkg/runtime/scheme.go:111"`);
  }
  const dryRuns = Array.isArray(options.dryRun) ? options.dryRun.map(String) : [];
  for (const fault of dryRunFaults(dryRuns)) throw refused(fault);
  return {
    ...call,
    dryRun: call.dryRun || dryRuns.length > 0,
    gracePeriodSeconds: grace(options, query),
    propagationPolicy: policy(options, query),
    preconditions: options.preconditions,
  };
}

function grace({ gracePeriodSeconds }: Body, query: URLSearchParams): number | undefined {
  const given = gracePeriodSeconds ?? whole(query, "gracePeriodSeconds");
  if (given === undefined || given === null) return undefined;
  if (Number.isSafeInteger(given)) return given as number;
  const found = typeof given === "number" ? `number ${given}` : typeof given === "boolean" ? "bool" : typeof given;
  throw badRequest(
    `json: cannot unmarshal ${found} into Go struct field DeleteOptions.gracePeriodSeconds of type int64`,
  );
}

function policy({ propagationPolicy, orphanDependents }: Body, query: URLSearchParams): Policy | undefined {
  const given = propagationPolicy ?? text(query, "propagationPolicy");
  const orphans = orphanDependents ?? flag(query, "orphanDependents");
  if (given !== undefined && orphans !== undefined) {
    throw refused({
      reason: "FieldValueInvalid",
      field: "propagationPolicy",
      message: `Invalid value: ${JSON.stringify(given)}: orphanDependents and deletionPropagation cannot be both set`,
    });
  }
  if (orphans !== undefined) return orphans ? "Orphan" : "Background";
  if (given === undefined || given === null) return undefined;
  const known = policies.find((name) => name === given);
  if (known) return known;
  throw refused({
    reason: "FieldValueNotSupported",
    field: "propagationPolicy",
    message: `Unsupported value: ${
      JSON.stringify(given)
    }: supported values: "Foreground", "Background", "Orphan", "nil"`,
  });
}

function refused(error: FieldError) {
  return invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [error]);
}
