/** `PodLogOptions` as they come in a query: refused as kube-apiserver 1.36.3 refuses them, else as the kubelet is asked. */
import { type FieldError, forbidden, invalid, invalidValue } from "../../schema/mod.ts";
import { flag, text, whole } from "../http/query.ts";
import { badRequest } from "../objects/refusals.ts";

const flags = ["follow", "previous", "timestamps"] as const;
/** And the least that each may be. */
const counts = { tailLines: 0, limitBytes: 1, sinceSeconds: 1 } as const;

/** Throws BadRequest for what cannot be read, Invalid for what makes no sense. */
export function kubeletLogQuery(podName: string, query: URLSearchParams): URLSearchParams {
  const wanted = new URLSearchParams();
  for (const name of flags) if (flag(query, name)) wanted.set(name, "true");
  const faults: FieldError[] = [];
  for (const [name, least] of Object.entries(counts)) {
    const count = whole(query, name);
    if (count === undefined) continue;
    wanted.set(name, String(count));
    if (count < least) faults.push(invalidValue(name, count, `must be greater than ${least ? "0" : "or equal to 0"}`));
  }
  const since = text(query, "sinceTime");
  if (since !== undefined) wanted.set("sinceTime", checkedTime(since));
  if (wanted.has("sinceTime") && wanted.has("sinceSeconds")) {
    faults.push(forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  // Its gate (PodLogsQuerySplitStreams) is off.
  if (query.has("stream")) faults.push(forbidden("stream", "may not be specified"));
  if (faults.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, podName, faults);
  return wanted;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/;

function checkedTime(time: string): string {
  if (rfc3339.test(time) && !Number.isNaN(Date.parse(time))) return time;
  const shown = JSON.stringify(time);
  throw badRequest(`parsing time ${shown} as "2006-01-02T15:04:05Z07:00": cannot parse ${shown} as "2006"`);
}
