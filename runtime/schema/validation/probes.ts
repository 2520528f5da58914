/** Probes and lifecycle hooks: one handler each, within its bounds. */
import type { IExecAction } from "kubernetes-models/v1/ExecAction";
import type { IGRPCAction } from "kubernetes-models/v1/GRPCAction";
import type { IHTTPGetAction } from "kubernetes-models/v1/HTTPGetAction";
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

export function validateProbe(probe: IProbe | undefined, report: Report, mustSucceedOnce: boolean): void {
  if (!probe) return;
  validateHandler(probe, report);
  for (const field of counted) report.at(field).nonNegative(probe[field]);
  if (mustSucceedOnce && probe.successThreshold !== undefined && probe.successThreshold !== 1) {
    report.at("successThreshold").invalid(probe.successThreshold, "must be 1");
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    report.at("terminationGracePeriodSeconds").invalid(grace, "must be greater than 0");
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
      if (!handler.httpGet?.path) report.at("path").required();
      validatePortOrName(handler.httpGet?.port, report.at("port"));
      break;
    case "tcpSocket":
      validatePortOrName(handler.tcpSocket?.port, report.at("port"));
      break;
    case "grpc":
      validatePort(handler.grpc?.port ?? 0, report.at("port"));
  }
}
