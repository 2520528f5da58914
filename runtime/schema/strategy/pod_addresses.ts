/** `podIP`, which old clients know alone, and `podIPs` say the same; the QoS class is that of the pod's making. */
import type { KubeObject } from "../object.ts";

interface Status {
  podIP?: string;
  podIPs?: { ip?: string }[];
  qosClass?: string;
}

/** In place. Where the two disagree, `podIP` is right. */
export function preparePodStatus(object: KubeObject, old: KubeObject): void {
  const status = (object.status ??= {}) as Status;
  const { qosClass } = (old.status ?? {}) as Status;
  if (!status.qosClass && qosClass) status.qosClass = qosClass;
  const first = status.podIPs?.[0]?.ip;
  if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }];
  else if (!status.podIP && first) status.podIP = first;
}
