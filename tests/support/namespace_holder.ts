/**
 * A set of namespaces that lives exactly as long as somebody holds it, and then takes everything in it along.
 *
 * A watcher process in the machine's own namespaces holds the other end of a pipe. When the pipe closes, because the test
 * disposed it or because the test process died (kill -9 included), the watcher kills every process that belongs to the
 * holder, removes their cgroups and those named for the folder, and deletes the folder. Mounts, links, routes and rules die
 * with their namespaces.
 *
 * A process belongs to a holder if its `/proc/PID/mountinfo` names the holder's folder: true for everything that runs in
 * the mount namespace, and for every container whose root file system lies in the folder, whoever its parent is.
 */

const watcher = String.raw`
set -u
trap '' INT TERM HUP PIPE
command=$1

members() { grep -lsF -- "$folder" /proc/[0-9]*/mountinfo | cut -d/ -f3; }

reap() {
  local pid killed groups="" path hierarchy
  for round in {1..200}; do
    killed=""
    for pid in $(members); do
      groups+=$(cut -d: -f3 "/proc/$pid/cgroup" 2>/dev/null)$'\n'
      kill -KILL "$pid" 2>/dev/null && killed=yes
    done
    [ -z "$killed" ] && break
    sleep 0.02
  done
  sort -u <<<"$groups" | grep /. | while read -r path; do
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
      (cd "$hierarchy" && rmdir -p -- ".$path") 2>/dev/null
    done
  done
  # What its programs keep for themselves under the folder's name.
  find /sys/fs/cgroup/{,*/}"$(basename "$folder")" -depth -type d -exec rmdir {} \; 2>/dev/null
  rm -rf --one-file-system -- "$folder"
}

# Whoever makes a folder shares the lock on their parent until the folder's own lock is held; whoever sweeps excludes that.
exec 8</var/tmp
if [ "$command" = hold ]; then
  flock -s 8
  folder=$(mktemp -d /var/tmp/d8s-host-XXXXXX)
  exec 9>"$folder/lock"
  flock 9
  exec 8<&-
  bash -c "$2" holder "$folder" 9>&- </dev/null &
  read -r _
else
  folder=$2
  flock 8
  exec 9>>"$folder/lock" || exit 0
  flock -n 9 || exit 0
  exec 8<&-
fi
reap
`;

export interface Holder extends AsyncDisposable {
  /** Own folder, the same path inside and outside. */
  readonly folder: string;
  /** The process that keeps the namespaces, for `nsenter --target`. */
  readonly pid: number;
}

/**
 * Runs `setup` (bash, `$1` is the folder) in new network, mount and UTS namespaces; it must print `ready` when done, and
 * may then end: the namespaces stay.
 */
export async function holdNamespaces(setup: string): Promise<Holder> {
  await (swept ??= sweep());
  const script = `exec unshare --net --mount --uts bash -c '
set -eu
mount --bind "$1" "$1"
ip link set lo up
${setup.replaceAll("'", `'\\''`)}
echo "ready $$ $1"
exec sleep infinity' holder "$1"`;
  const child = new Deno.Command("setsid", {
    args: ["bash", "-c", watcher, "watcher", "hold", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(child.stderr).text();
  const release = async () => {
    await child.stdin.close().catch(() => {});
    await child.status;
  };
  const ready = await waitForReady(child.stdout);
  if (!ready) {
    await release();
    throw new Error(`could not make namespaces: ${(await complaints).trim()}`);
  }
  return { ...ready, [Symbol.asyncDispose]: release };
}

async function waitForReady(output: ReadableStream<Uint8Array>): Promise<{ pid: number; folder: string } | undefined> {
  let text = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })) {
    text += chunk;
    const ready = /^ready (\d+) (.+)\n/m.exec(text);
    if (ready) return { pid: Number(ready[1]), folder: ready[2] ?? "" };
  }
  return undefined;
}

let swept: Promise<void> | undefined;

/** Ends what runs left behind whose watcher was killed too. A living watcher holds its lock, and is left alone. */
async function sweep(): Promise<void> {
  for await (const entry of Deno.readDir("/var/tmp")) {
    if (!entry.name.startsWith("d8s-host-")) continue;
    await new Deno.Command("setsid", {
      args: ["bash", "-c", watcher, "watcher", "sweep", `/var/tmp/${entry.name}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
  }
}
