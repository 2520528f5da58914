/** Probes and lifecycle hooks: one handler each, within its bounds. */
import type { IExecAction } from "kubernetes-models/v1/ExecAction";
import type { IGRPCAction } from "kubernetes-models/v1/GRPCAction";
import type { IHTTPGetAction } from "kubernetes-models/v1/HTTPGetAction";
import type { ILifecycle } from "kubernetes-models/v1/Lifecycle";
import type { IProbe } from "kubernetes-models/v1/Probe";
import type { ISleepAction } from "kubernetes-models/v1/SleepAction";
import type { ITCPSocketAction } from "kubernetes-models/v1/TCPSocketAction";
import { validatePort, validatePortOrName } from "./numbers.ts";
import type { Report } from "./report.ts";

interface Handler {
  exec?: IExecAction;
  httpGet?: IHTTPGetAction;
  tcpSocket?: ITCPSocketAction;
  grpc?: IGRPCAction;
  sleep?: ISleepAction;
}

const counted = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

/** A probe that finds a container alive has to find so once; only what is not alive is ended, so only it has a grace of its own. */
export function validateProbe(probe: IProbe | undefined, report: Report, about: "alive" | "ready"): void {
  if (!probe) return;
  validateHandler(probe, report);
  for (const field of counted) report.at(field).nonNegative(probe[field]);
  const grace = probe.terminationGracePeriodSeconds;
  const place = report.at("terminationGracePeriodSeconds");
  if (grace !== undefined && grace <= 0) place.invalid(grace, "must be greater than 0");
  if (grace !== undefined && about === "ready") place.invalid(grace, "must not be set for readinessProbes");
  if (about === "alive" && probe.successThreshold !== undefined && probe.successThreshold !== 1) {
    report.at("successThreshold").invalid(probe.successThreshold, "must be 1");
  }
}

/** `graceSeconds`: how long the pod waits for its end. */
export function validateLifecycle(lifecycle: ILifecycle | undefined, graceSeconds: number, report: Report): void {
  for (const hook of ["postStart", "preStop"] as const) {
    const handler = lifecycle?.[hook];
    if (!handler) continue;
    validateHandler(handler, report.at(hook));
    const seconds = handler.sleep?.seconds;
    if (seconds === undefined || seconds >= 0 && seconds <= graceSeconds) continue;
    const words = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    report.at(hook, "sleep").invalid(seconds, words);
  }
}

export function validateHandler(handler: Handler, report: Report): void {
  const kinds = (["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const).filter((kind) => handler[kind]);
  if (kinds.length === 0) report.required("must specify a handler type");
  kinds.slice(1).forEach((kind) => report.at(kind).forbidden("may not specify more than 1 handler type"));
  const kind = kinds[0];
  if (kind) validateOne(handler, kind, report.at(kind));
}

function validateOne(handler: Handler, kind: keyof Handler, report: Report): void {
  switch (kind) {
    case "exec":
      if (!handler.exec?.command?.length) report.at("command").required();
      break;
    case "httpGet":
      validateHttpGet(handler.httpGet!, report);
      break;
    case "tcpSocket":
      validatePortOrName(handler.tcpSocket?.port, report.at("port"));
      break;
    case "grpc":
      validatePort(handler.grpc?.port ?? 0, report.at("port"));
  }
}

const headerName = /^[-A-Za-z0-9]+$/;
const headerRule =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is " +
  "'[-A-Za-z0-9]+')";

function validateHttpGet({ path, port, scheme, httpHeaders = [] }: IHTTPGetAction, report: Report): void {
  if (!path) report.at("path").required();
  validatePortOrName(port, report.at("port"));
  report.at("scheme").oneOf(scheme, ["HTTP", "HTTPS"]);
  for (const { name } of httpHeaders) {
    if (!headerName.test(name)) report.at("httpHeaders").invalid(name, headerRule);
  }
}
