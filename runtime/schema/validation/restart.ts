/** When a container by itself is started again, whatever its pod says (KEP-5307). */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { Report } from "./report.ts";

const policies = ["Always", "Never", "OnFailure"];
const actions = ["Restart", "RestartAllContainers"];
const operators = ["In", "NotIn"];
const mostRules = 20;
const mostCodes = 255;

export function validateRestart({ restartPolicy, restartPolicyRules: rules = [] }: IContainer, report: Report): void {
  const policy = report.at("restartPolicy");
  policy.oneOf(restartPolicy, policies);
  if (rules.length === 0) return;
  if (!restartPolicy) policy.required("must specify restartPolicy when restart rules are used");
  const place = report.at("restartPolicyRules");
  if (rules.length > mostRules) return place.tooMany(rules.length, mostRules);
  rules.forEach(({ action = "", exitCodes }, i) => {
    place.at(i, "action").oneOf(action, actions);
    const codes = place.at(i, "exitCodes");
    if (!exitCodes) return codes.required("must be specified");
    codes.at("operator").oneOf(exitCodes.operator ?? "", operators);
    const count = exitCodes.values?.length ?? 0;
    if (count > mostCodes) codes.at("values").tooMany(count, mostCodes);
  });
}
