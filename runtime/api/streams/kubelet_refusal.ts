/** A kubelet refuses in plain text; clients are told in a Status, with the kubelet's words as its message. */
import { type Reason, StatusError } from "../../schema/mod.ts";

const reasons: Readonly<Record<number, Reason>> = { 400: "BadRequest", 404: "NotFound", 503: "ServiceUnavailable" };

/** The answer as it is, unless it is a refusal: that is thrown. */
export async function kubeletAnswer(answer: Response): Promise<Response> {
  if (answer.status < 400) return answer;
  const words = (await answer.text()).trim();
  throw new StatusError(reasons[answer.status] ?? "InternalError", words || `the kubelet answered ${answer.status}`);
}
