/** Pods and containers for tests of pure plans. */
import type { Observed } from "../../controllers/kubelet/container/identity.ts";
import { containerHash } from "../../controllers/kubelet/container/identity.ts";
import type { PodFacts } from "../../controllers/kubelet/pod/pod_plan.ts";
import type { Pod } from "../../controllers/kubelet/pod/pod.ts";

export const noon = Date.parse("2026-01-01T12:00:00Z");

export function podOf(spec: Partial<NonNullable<Pod["spec"]>> = {}, rest: object = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web",
      namespace: "default",
      uid: "u1",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T11:00:00Z",
    },
    spec: { restartPolicy: "Always", containers: [{ name: "c", image: "i" }], ...spec },
    ...rest,
  } as Pod;
}

export function observedOf(
  name: string,
  status: "created" | "running" | "exited",
  more: Partial<Observed> = {},
): Observed {
  const isSandbox = name === "POD";
  const attempt = more.attempt ?? 0;
  return {
    podUid: "u1",
    podName: "web",
    podNamespace: "default",
    isSandbox,
    name,
    attempt,
    hash: containerHash({ name, image: "i" }),
    sandboxId: isSandbox ? "" : "POD-0",
    backOffSeconds: 0,
    messagePath: "",
    messagePolicy: "File",
    messageSource: "",
    devices: {},
    ...more,
    state: {
      id: `${name}-${attempt}`,
      name: "",
      labels: {},
      status,
      pid: status === "running" ? 7 : 0,
      exitCode: 0,
      oomKilled: false,
      error: "",
      createdAt: "2026-01-01T11:59:00Z",
      startedAt: status === "created" ? "" : "2026-01-01T11:59:00Z",
      finishedAt: status === "exited" ? "2026-01-01T12:00:00Z" : "",
      image: "i",
      imageId: "sha256:1",
      logPath: "",
      tty: false,
      user: "",
      stopSignal: "SIGTERM",
      limits: { cpuShares: 2 },
      ...more.state,
    },
  };
}

export function factsOf(pod: Pod, observed: readonly Observed[], more: Partial<PodFacts> = {}): PodFacts {
  return {
    pod,
    observed,
    networkReady: observed.some((one) => one.isSandbox && one.state.status === "running"),
    verdict: () => ({ started: true, ready: true }),
    stopping: new Map(),
    now: noon,
    ...more,
  };
}
