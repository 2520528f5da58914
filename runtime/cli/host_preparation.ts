/** Makes the machine fit before anything starts: checks it, installs what is missing, starts docker. */
import { ensureDocker } from "./docker_daemon.ts";
import { type Finding, type HostFacts, judgeHost, type PortFact } from "./host_checks.ts";
import { gatherFacts } from "./host_facts.ts";
import { installPackages, type InstallPlan, planInstall } from "./host_packages.ts";
import type { Progress } from "./progress.ts";
import type { Settings } from "./settings.ts";

export interface Roles {
  readonly master: boolean;
  readonly node: boolean;
}

/** Throws with every problem and its remedy. */
export async function prepareHost(settings: Settings, roles: Roles, show: Progress): Promise<void> {
  const look = () => gatherFacts(settings, portsOf(settings, roles));
  const facts = await show.step("checked this machine", async (note) => {
    const facts = await look();
    note(`${facts.system.name}, kernel ${facts.kernel.release}`);
    const findings = judgeHost(facts, roles);
    const problems = findings.filter(({ level }) => level === "problem");
    if (problems.length > 0) throw new Error(explain(problems));
    for (const { what, remedy } of findings) show.warn(`${what}: ${remedy}`);
    return facts;
  });
  if (!roles.node) return;
  const ready = await install(settings, facts, look, show);
  await startDocker(settings, ready, show);
}

function portsOf({ port, kubeletPort }: Settings, { master, node }: Roles): Omit<PortFact, "heldBy">[] {
  return [
    ...(master ? [{ port, purpose: "API server" }] : []),
    ...(node ? [{ port: kubeletPort, purpose: "kubelet" }] : []),
  ];
}

export function explain(problems: readonly Finding[]): string {
  return ["this machine is not ready:", ...problems.map(({ what, remedy }) => `  - ${what}\n    ${remedy}`)].join("\n");
}

async function install(
  settings: Settings,
  facts: HostFacts,
  look: () => Promise<HostFacts>,
  show: Progress,
): Promise<HostFacts> {
  const plan = planInstall(facts);
  if (!plan) return facts;
  const refusal = refuseInstall(plan, settings);
  if (refusal) throw new Error(refusal);
  show.line(`  missing: ${plan.missing.join(", ")}; installing ${plan.packages.join(" ")}`);
  await show.step(`installed ${plan.packages.join(", ")}`, () => installPackages(plan.commands ?? []));
  return await look();
}

/** Why missing packages are not installed, with the words to do it by hand. */
export function refuseInstall(plan: InstallPlan, { install, cniBinDir }: Pick<Settings, "install" | "cniBinDir">) {
  const missing = `this machine lacks ${plan.missing.join(", ")}`;
  if (!plan.commands) return `${missing}; install them by hand (CNI plugins are looked for in ${cniBinDir})`;
  if (install) return undefined;
  return `${missing}; install them with:\n${plan.commands.map((command) => `  ${command.join(" ")}`).join("\n")}`;
}

async function startDocker(settings: Settings, { docker, system }: HostFacts, show: Progress): Promise<void> {
  if (docker.reachable) return;
  await show.step("started docker", async (note) => {
    await ensureDocker(settings, system.systemd);
    note(settings.dockerHost);
  });
}
