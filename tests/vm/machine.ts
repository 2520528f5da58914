/**
 * A machine with a kernel of its own, played by qemu: nothing of the host's kernel is seen in it. The repository is there under
 * its own path, to be read. What is written on its disk is forgotten.
 */
import { ensurePackages } from "../support/packages.ts";
import { runCommand } from "../support/run_command.ts";
import { machineImage } from "./image.ts";

export interface Machine extends AsyncDisposable {
  /** Run by its shell as root; what it printed. Throws with all that it said unless it ends well. */
  sh(script: string): Promise<string>;
  /** What the machine has written to its serial line. */
  console(): Promise<string>;
  /** When it has gone down by itself. */
  readonly off: Promise<void>;
}

const repository = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
/** Every instruction is played, so that all takes about ten times as long. */
const bootPatienceMs = 10 * 60_000;

export async function bootMachine(): Promise<Machine> {
  await ensurePackages(["qemu-system-x86", "mmdebstrap", "e2fsprogs", "openssh-client"]);
  const { disk, kernel, ramDisk, key } = await machineImage();
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "d8s-vm-" });
  const share = `local,id=repository,path=${repository},security_model=none,readonly=on`;
  const qemu = new Deno.Command("qemu-system-x86_64", {
    args: [
      ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072", "-no-reboot", "-display", "none"],
      ...["-kernel", kernel, "-initrd", ramDisk, "-append", "root=/dev/vda rw console=ttyS0 quiet"],
      ...["-drive", `file=${disk},if=virtio,format=raw,cache=unsafe,snapshot=on`, "-device", "virtio-rng-pci"],
      ...["-fsdev", share, "-device", "virtio-9p-pci,fsdev=repository,mount_tag=repository"],
      ...["-netdev", `user,id=wire,hostfwd=tcp:127.0.0.1:${port}-:22`, "-device", "virtio-net-pci,netdev=wire"],
      ...["-serial", `file:${folder}/console`, "-monitor", "none"],
    ],
    stdin: "null",
    stdout: "null",
    env: { TMPDIR: folder },
  }).spawn();
  const off = qemu.status.then(() => {});
  const login = ["ssh", "-i", key, "-p", String(port), "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"];
  const known = ["-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=30", "root@127.0.0.1"];
  const machine: Machine = {
    off,
    console: () => Deno.readTextFile(`${folder}/console`),
    async sh(script) {
      return (await runCommand([...login, ...known, "bash", "-e"], { stdin: script })).stdout;
    },
    async [Symbol.asyncDispose]() {
      if (await stillOn(off)) qemu.kill("SIGKILL");
      await off;
      await Deno.remove(folder, { recursive: true });
    },
  };
  try {
    await untilUp(machine);
    await machine.sh(`mkdir -p ${repository} && mount -t 9p -o ro,msize=262144,cache=loose repository ${repository}`);
  } catch (error) {
    const console = await machine.console();
    await machine[Symbol.asyncDispose]();
    throw new Error(`the machine did not come up: ${console.slice(-2000)}`, { cause: error });
  }
  return machine;
}

async function untilUp(machine: Machine): Promise<void> {
  const deadline = performance.now() + bootPatienceMs;
  for (;;) {
    try {
      await machine.sh("systemctl is-system-running --wait || true");
      return;
    } catch (error) {
      if (performance.now() > deadline || !await stillOn(machine.off)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

function stillOn(off: Promise<void>): Promise<boolean> {
  return Promise.race([off.then(() => false), new Promise<boolean>((resolve) => setTimeout(resolve, 0, true))]);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
