/** Docker's inspect answers, as recorded. */
import assert from "node:assert/strict";
import { containerState, type InspectAnswer } from "../../runtime/engine/docker/state.ts";

function created(error: string): InspectAnswer {
  const never = "0001-01-01T00:00:00Z";
  const state = { Pid: 0, ExitCode: 128, OOMKilled: false, Error: error, StartedAt: never, FinishedAt: never };
  return {
    Id: "1",
    Name: "/one",
    Created: "2026-01-01T00:00:00Z",
    Image: "sha256:1",
    LogPath: "",
    Config: { Image: "busybox", Labels: null, Tty: false, User: "" },
    HostConfig: {
      CpuShares: 0,
      CpuQuota: 0,
      CpuPeriod: 0,
      Memory: 0,
      LogConfig: { Type: "none", Config: null },
    },
    State: { Status: "created", ...state },
  };
}

Deno.test("a container that could not be started has ended; one whose start was given up with the asker has not begun", () => {
  const missing = 'OCI runtime create failed: exec: "nothing": executable file not found in $PATH: unknown';
  assert.equal(containerState(created(missing)).status, "exited");
  assert.equal(containerState(created("Canceled: context canceled")).status, "created");
  assert.equal(containerState(created("")).status, "created");
});
