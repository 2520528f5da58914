/**
 * Whether a server behind this one can be used, and what it serves: one look at one APIService. The answer is a condition
 * in upstream's words, and what was heard.
 */
import { isReason, type Json, StatusError } from "../../schema/mod.ts";
import type { ClusterView } from "../admission/admission.ts";
import { dialOf, identityHeaders, type Reach } from "./destination.ts";
import { type HttpsAnswer, httpsCall } from "./https_call.ts";
import type { ApiService, Condition, Heard } from "./remote_apis.ts";
import { remoteRows, type ResourceList } from "./remote_rows.ts";

export interface Availability {
  readonly condition: Pick<Condition, "status" | "reason" | "message">;
  readonly heard?: Heard;
}

const patienceMs = 5_000;
const answerLimit = 16 * 1024 * 1024;
/** Who looks. */
const aggregator = { name: "system:kube-aggregator", groups: ["system:masters", "system:authenticated"] };

/** Never rejects: what goes wrong is the answer. */
export async function look(service: ApiService, reach: Reach): Promise<Availability> {
  const missing = unreachable(service, reach.view);
  if (missing) return { condition: { status: "False", ...missing } };
  const { group = "", version = "" } = service.spec;
  const path = `/apis/${group}/${version}`;
  try {
    const answer = await get(service, reach, path);
    if (answer.code >= 300) throw new Error(`bad status from ${path}: ${answer.code}`);
    const rows = remoteRows(JSON.parse(answer.text) as ResourceList, group, version);
    const documents = await openApiOf(service, reach, path.slice(1));
    const condition = { status: "True", reason: "Passed", message: "all checks passed" };
    return { condition, heard: { rows, ...documents } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `failing or missing response from https://${hostOf(service)}${path}: ${why}`;
    return { condition: { status: "False", reason: "FailedDiscoveryCheck", message } };
  }
}

function hostOf({ spec: { service } }: ApiService): string {
  return `${service!.name}.${service!.namespace}.svc:${service!.port ?? 443}`;
}

/** Why there is nobody to ask. */
function unreachable({ spec }: ApiService, view: ClusterView): { reason: string; message: string } | undefined {
  const { namespace, name, port = 443 } = spec.service!;
  const where = `service/${name} in ${JSON.stringify(namespace)}`;
  const service = view.get("", "services", namespace, name);
  if (!service) return { reason: "ServiceNotFound", message: `${where} is not present` };
  const { type, ports = [] } = service.spec as { type?: string; ports?: { port: number; name?: string }[] };
  if (type === "ExternalName") return undefined;
  const found = ports.find((one) => one.port === port);
  if (!found) return { reason: "ServicePortError", message: `${where} is not listening on port ${port}` };
  return withoutEndpoints(view, spec.service!, where, found.name ?? "");
}

interface Slice {
  readonly metadata: { readonly labels?: Record<string, string> };
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[];
}

function withoutEndpoints(view: ClusterView, at: { namespace: string; name: string }, where: string, portName: string) {
  const all = view.list("discovery.k8s.io", "endpointslices", at.namespace) as readonly Slice[];
  const slices = all.filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === at.name);
  if (slices.length === 0) return { reason: "EndpointsNotFound", message: `cannot find endpointslices for ${where}` };
  const ready = slices.some(({ endpoints = [] }) => endpoints.some(({ conditions }) => conditions?.ready !== false));
  if (ready) return undefined;
  const message = `endpoints for ${where} have no addresses with port name ${JSON.stringify(portName)}`;
  return { reason: "MissingEndpoints", message };
}

function get(service: ApiService, reach: Reach, path: string): Promise<HttpsAnswer> {
  const dial = dialOf(service, reach);
  const headers = Object.fromEntries(
    Map.groupBy(identityHeaders(aggregator), ([name]) => name).entries().map((
      [name, pairs],
    ) => [name, pairs.map(([, value]) => value)]),
  );
  const signal = AbortSignal.timeout(patienceMs);
  return httpsCall({ ...dial, method: "GET", path, host: dial.serverName, headers, limit: answerLimit, signal });
}

/** A server without OpenAPI documents is as good as one with. */
async function openApiOf(service: ApiService, reach: Reach, path: string): Promise<Partial<Heard>> {
  try {
    const [index, v2] = await Promise.all([get(service, reach, "/openapi/v3"), get(service, reach, "/openapi/v2")]);
    const paths = index.code === 200 ? (JSON.parse(index.text) as { paths?: Index }).paths : undefined;
    const openApiV3 = paths?.[path]?.serverRelativeURL;
    return { openApiV3, openApiV2: v2.code === 200 ? JSON.parse(v2.text) as Json : undefined };
  } catch (error) {
    if (error instanceof StatusError && !isReason(error, "ServiceUnavailable")) throw error;
    return {};
  }
}

type Index = Readonly<Record<string, { readonly serverRelativeURL?: string } | undefined>>;
