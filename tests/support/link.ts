/**
 * The wire between the test hosts of one process: a bridge in a namespace of its own (in the machine's namespace docker's
 * FORWARD DROP would catch it) with an own /24. The machine itself is on it as `.1`, so that a test reaches its hosts.
 */
import { type Holder, holdNamespaces } from "./namespace_holder.ts";
import { runCommand } from "./run_command.ts";

export interface Link {
  /** `172.30.7`: the first three bytes of every address on it. */
  readonly net: string;
  /** The machine's own address on it, and the hosts' default gateway (it forwards nothing). */
  readonly gateway: string;
  /** Puts `eth0` with an own address into the namespace that `pid` holds. Returns the address. */
  join(pid: number): Promise<string>;
}

let shared: { link: Promise<Link & AsyncDisposable>; users: number } | undefined;

/** The process's link; it goes with its last user. */
export async function useLink(): Promise<{ link: Link } & AsyncDisposable> {
  const mine = shared ??= { link: createLink(), users: 0 };
  mine.users++;
  const link = await mine.link;
  return {
    link,
    async [Symbol.asyncDispose]() {
      if (--mine.users > 0) return;
      if (shared === mine) shared = undefined;
      await link[Symbol.asyncDispose]();
    },
  };
}

async function createLink(): Promise<Link & AsyncDisposable> {
  const holder = await holdNamespaces("ip link add br0 type bridge\nip link set br0 up");
  try {
    const net = await claimSubnet(holder);
    let last = 1;
    const join = async (pid: number) => {
      const address = `${net}.${++last}`;
      await inNamespace(
        holder.pid,
        `ip link add p${last} type veth peer name eth0 netns ${pid}
        ip link set p${last} master br0 up`,
      );
      await inNamespace(
        pid,
        `ip addr add ${address}/24 dev eth0 && ip link set eth0 up
        ip route add default via ${net}.1`,
      );
      return address;
    };
    return { net, gateway: `${net}.1`, join, [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose]() };
  } catch (error) {
    await holder[Symbol.asyncDispose]();
    throw error;
  }
}

/** The name of the machine's own end is the claim: no two links can have the same. */
async function claimSubnet(holder: Holder): Promise<string> {
  for (let tries = 0; tries < 256; tries++) {
    const n = (Deno.pid + tries) % 256;
    const made = await runCommand(
      ["ip", "link", "add", `d8s-test${n}`, "type", "veth", "peer", "name", "p1", "netns", `${holder.pid}`],
      { check: false },
    );
    if (made.code !== 0) continue;
    await inNamespace(holder.pid, "ip link set p1 master br0 up");
    await runCommand(["ip", "addr", "add", `172.30.${n}.1/24`, "dev", `d8s-test${n}`]);
    await runCommand(["ip", "link", "set", `d8s-test${n}`, "up"]);
    return `172.30.${n}`;
  }
  throw new Error("no 172.30.N.0/24 is free for test hosts");
}

async function inNamespace(pid: number, script: string): Promise<void> {
  await runCommand(["nsenter", `--target=${pid}`, "--net", "sh", "-ec", script]);
}
