/**
 * Which options of a list or a watch may stand together, and what they mean as numbers; refusals in upstream's words, all
 * at once. Source: "Resource versions" and "Streaming lists" in the API concepts.
 */
import { type FieldError, forbidden, invalid, notSupported, StatusError } from "../../schema/mod.ts";
import type { ListCall, WatchCall } from "../operations.ts";
import { badRequest } from "./refusals.ts";

const listOptions = { group: "meta.k8s.io", kind: "ListOptions" };
const field = "resourceVersionMatch";
const matches = ["Exact", "NotOlderThan"];
const withContinue = forbidden(field, "resourceVersionMatch is forbidden when continue is provided");

/** Throws Invalid. */
export function checkListOptions(call: ListCall): void {
  const { resourceVersion, resourceVersionMatch: match, continue: token, sendInitialEvents } = call;
  const faults: FieldError[] = [];
  if (match) {
    if (!resourceVersion) {
      faults.push(forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if (token) faults.push(withContinue);
    if (!matches.includes(match)) faults.push(notSupported(field, match, [...matches, ""]));
    if (match === "Exact" && resourceVersion === "0") {
      faults.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (sendInitialEvents !== undefined) {
    faults.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  if (faults.length > 0) throw invalid(listOptions, "", faults);
}

/** Throws Invalid. */
export function checkWatchOptions(
  { sendInitialEvents, resourceVersionMatch: match, continue: token }: WatchCall,
): void {
  const faults: FieldError[] = [];
  if (sendInitialEvents === undefined && match) {
    faults.push(forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  }
  if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
    faults.push(forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (match && match !== "NotOlderThan") faults.push(notSupported(field, match, ["NotOlderThan"]));
  if (token && sendInitialEvents === undefined) faults.push(withContinue);
  if (faults.length > 0) throw invalid(listOptions, "", faults);
}

/** Of a list. Throws BadRequest. */
export function listedVersion(text: string | undefined): number | undefined {
  const fault = text && faultOf(text);
  if (fault) throw badRequest(`invalid resource version: ${fault}`);
  return text ? Number(text) : undefined;
}

/** Of a watch, or a get. Upstream takes a resourceVersion that is no number for a mistake of its own there. */
export function readVersion(text: string | undefined): number | undefined {
  const fault = text && faultOf(text);
  if (fault) throw new StatusError("", fault);
  return text ? Number(text) : undefined;
}

function faultOf(text: string): string | undefined {
  const digits = /^\d+$/.test(text);
  if (digits && Number.isSafeInteger(Number(text))) return undefined;
  const quoted = JSON.stringify(text);
  const why = digits ? "value out of range" : "invalid syntax";
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`;
}
