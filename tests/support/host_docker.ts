/** A test host's dockerd: no bridge, no iptables rules, cgroupfs; what d8s needs of a docker and nothing else. */
import type { SpawnOptions } from "./host.ts";

interface Place {
  readonly folder: string;
  spawn(command: readonly string[], options?: SpawnOptions): Deno.ChildProcess;
}

/** Resolves when it listens. Its log is `dockerd.log` in the host's folder. */
export async function startDocker({ folder, spawn }: Place): Promise<Deno.ChildProcess> {
  const daemon = spawn([
    "dockerd",
    "--host=unix:///run/docker.sock",
    "--data-root=/var/lib/docker",
    "--exec-root=/run/docker",
    "--pidfile=/run/docker.pid",
    "--bridge=none",
    "--iptables=false",
    "--ip-forward=false",
    "--exec-opt=native.cgroupdriver=cgroupfs",
  ], { stdout: "null", stderr: "piped" });
  const [watched, kept] = daemon.stderr.tee();
  const log = await Deno.open(`${folder}/dockerd.log`, { write: true, create: true, append: true });
  kept.pipeTo(log.writable).catch(() => {});
  await listening(watched, folder);
  return daemon;
}

async function listening(output: ReadableStream<Uint8Array>, folder: string): Promise<void> {
  let seen = "";
  const reader = output.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`dockerd did not start, see ${folder}/dockerd.log: ${seen.slice(-2000)}`);
    seen += value;
    if (seen.includes("API listen on")) break;
  }
  // The other branch of the tee holds back what this one doesn't read.
  (async () => {
    while (!(await reader.read()).done);
  })().catch(() => {});
}
