/** The two ages of kubectl that tests use: what the machine has, and Debian's 1.20 in a folder of its own. */
import { runCommand } from "./run_command.ts";

/** The machine's own, if there is one; tests that need it skip with this reason otherwise. */
export async function machineKubectl(): Promise<string | undefined> {
  const { code, stdout } = await runCommand(["sh", "-c", "command -v kubectl"], { check: false });
  return code === 0 ? stdout.trim() : undefined;
}

export interface OldKubectl extends AsyncDisposable {
  readonly path: string;
}

/** kubectl 1.20 of Debian's package kubernetes-client, unpacked and not installed, so that it hides no other kubectl. */
export async function debianKubectl(): Promise<OldKubectl> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-kubectl-" });
  // apt drops its privileges for a download and must be able to write here.
  await Deno.chmod(folder, 0o777);
  const download = ["apt-get", "download", "-q", "kubernetes-client"];
  const first = await runCommand(download, { cwd: folder, check: false });
  if (first.code !== 0) {
    await runCommand(["apt-get", "update", "-q"]);
    await runCommand(download, { cwd: folder });
  }
  await runCommand(["sh", "-c", "dpkg-deb -x kubernetes-client_*.deb ."], { cwd: folder });
  return {
    path: `${folder}/usr/bin/kubectl`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** One test with the machine's kubectl, where it has one, and one with the oldest that is supported. `name`: of whose doing. */
export async function testWithKubectls(
  name: (whose: string) => string,
  steps: (program: string) => Promise<void>,
): Promise<void> {
  const machine = await machineKubectl();
  Deno.test({ name: name("the machine's kubectl"), ignore: machine === undefined, fn: () => steps(machine!) });
  Deno.test(name("kubectl 1.20"), async () => {
    await using old = await debianKubectl();
    await steps(old.path);
  });
}
