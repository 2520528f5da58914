/** Which packages a machine lacks, and the commands that install them: for Debian and its kin, and for CentOS and its. */
import type { HostFacts } from "./host_checks.ts";

interface Need {
  /** What is missing, for people. */
  readonly what: string;
  readonly missing: (facts: HostFacts) => boolean;
  readonly apt: string;
  readonly dnf: string;
}

/** What has to be installed and how. */
export interface InstallPlan {
  readonly missing: readonly string[];
  readonly packages: readonly string[];
  /** Absent on a system whose packages are not known here. */
  readonly commands?: readonly (readonly string[])[];
}

const needs: readonly Need[] = [
  {
    what: "docker",
    missing: ({ docker, programs }) => !docker.reachable && docker.host.startsWith("unix:") && !programs.dockerd,
    apt: "docker.io",
    dnf: "docker-ce",
  },
  { what: "iptables", missing: ({ programs }) => !programs["iptables-restore"], apt: "iptables", dnf: "iptables-nft" },
  { what: "ipset", missing: ({ programs }) => !programs.ipset, apt: "ipset", dnf: "ipset" },
  { what: "conntrack", missing: ({ programs }) => !programs.conntrack, apt: "conntrack", dnf: "conntrack-tools" },
  { what: "ip", missing: ({ programs }) => !programs.ip, apt: "iproute2", dnf: "iproute" },
  {
    what: "CNI plugins",
    missing: ({ cni }) => cni.missing.length > 0,
    apt: "containernetworking-plugins",
    dnf: "containernetworking-plugins",
  },
];

/** Docker is not among CentOS' own packages. */
const dockerRepository = "https://download.docker.com/linux/centos/docker-ce.repo";

/** `undefined` when nothing is missing. */
export function planInstall(facts: HostFacts): InstallPlan | undefined {
  const lacking = needs.filter((need) => need.missing(facts));
  if (lacking.length === 0) return undefined;
  const missing = lacking.map(({ what }) => what);
  const { ids } = facts.system;
  if (ids.some((id) => id === "debian" || id === "ubuntu")) {
    const packages = lacking.map(({ apt }) => apt);
    const install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
    return { missing, packages, commands: [["apt-get", "update", "-q"], [...install, ...packages]] };
  }
  if (ids.some((id) => ["centos", "rhel", "fedora"].includes(id))) {
    const packages = lacking.map(({ dnf }) => dnf);
    const manager = facts.programs.dnf ? "dnf" : "yum";
    const addDocker = [
      [manager, "install", "-y", manager === "dnf" ? "dnf-plugins-core" : "yum-utils"],
      manager === "dnf"
        ? ["dnf", "config-manager", "--add-repo", dockerRepository]
        : ["yum-config-manager", "--add-repo", dockerRepository],
    ];
    const commands = [...(packages.includes("docker-ce") ? addDocker : []), [manager, "install", "-y", ...packages]];
    return { missing, packages, commands };
  }
  return { missing, packages: [] };
}

/** Runs the plan's commands; throws with the package manager's last words. */
export async function installPackages(commands: NonNullable<InstallPlan["commands"]>): Promise<void> {
  for (const [program = "", ...args] of commands) {
    const env = { DEBIAN_FRONTEND: "noninteractive", DEBIAN_PRIORITY: "critical" };
    const { success, stderr, stdout } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
    if (success) continue;
    const words = new TextDecoder().decode(stderr).trim() || new TextDecoder().decode(stdout).trim();
    throw new Error(`${program} ${args.join(" ")} failed: ${words.split("\n").slice(-3).join("; ")}`);
  }
}
