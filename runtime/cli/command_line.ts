/**
 * The words of the command line. Each command's code is loaded when it is called, so that `--help` and `version` answer at
 * once.
 */
import { Argument, Command } from "@commander-js/extra-typings";
import { readConfig } from "./config_file.ts";
import type { Loops } from "./loops.ts";
import { machineDefaults } from "./machine_defaults.ts";
import { type Settings, SettingsError, settingsFrom, settingsSchema } from "./settings.ts";

type Options = Record<string, unknown>;

const print = (line: string) => console.log(line);

/** Runs the command that `args` name; the answer is the process's exit status. */
export async function runCommandLine(args: readonly string[], loops: Loops): Promise<number> {
  const outcome = { code: 0 };
  const program = buildProgram(loops, outcome);
  try {
    await addCompletion(program, args);
    await program.parseAsync([...args], { from: "user" });
    return outcome.code;
  } catch (error) {
    return explain(error, args.includes("--verbose"));
  }
}

function buildProgram(loops: Loops, outcome: { code: number }): Command {
  const program = new Command("d8s").description("Kubernetes as small reconcile loops: master, node and command line.")
    .version(loops.version, "-V, --version").exitOverride().showHelpAfterError("(--help shows what there is)")
    .addHelpText(
      "after",
      "\nExamples:\n  deno task up                   a cluster on this machine\n" +
        "  deno task d8s status           what runs, and what is wrong\n  deno task down                 take it away",
    );
  addUp(program, loops);
  addHalves(program, loops);
  addToken(program);
  addCerts(program);
  addSecrets(program);
  addStatus(program, loops, outcome);
  addDown(program, loops);
  program.command("version").description("which d8s this is, and which Kubernetes it serves")
    .addHelpText("after", "\nExample:\n  deno task d8s version")
    .action(() => print(`d8s ${loops.version}, Kubernetes ${loops.kubernetesVersion}, Deno ${Deno.version.deno}`));
  return program as unknown as Command;
}

function addUp(program: Command, loops: Loops): void {
  storeFlags(nodeFlags(commonFlags(program.command("up")))).description(
    "run master and node on this machine, and apply a folder",
  )
    .addHelpText(
      "after",
      "\nExamples:\n  deno task up\n  deno task up --manifests ./my-app --verbose\n" +
        "  deno task up --fake-nodes 100  a large cluster without machines or docker: pods only seem to run\n" +
        "  deno task up --store etcd=https://10.0.0.5:2379 --store-ca ca.crt --store-cert c.crt --store-key c.key",
    )
    .action(async (options) => {
      const settings = await settingsOf(options);
      // Fake nodes are loops of the master: there is no node on this machine then.
      if (settings.fakeNodes !== undefined) return (await import("./apart.ts")).master(settings, loops);
      await (await import("./up.ts")).up(settings, loops);
    });
}

function addHalves(program: Command, loops: Loops): void {
  const master = storeFlags(commonFlags(program.command("master"))).description(
    "run the master alone: API server and its loops",
  )
    .addHelpText(
      "after",
      "\nExamples:\n  deno task master --manifests /etc/d8s/manifests\n  deno task master token create",
    )
    .action(async (options) => (await import("./apart.ts")).master(await settingsOf(options), loops));
  addToken(master as unknown as Command);
  nodeFlags(commonFlags(program.command("node"))).description("run a node alone, and join it to a master")
    .option("--server <url>", "the master, https://HOST:6443")
    .option("--token <token>", "join token; needed once")
    .option("--token-file <file>", "file with the join token, so that it stays out of the process list")
    .addHelpText(
      "after",
      "\nExample:\n  deno task node --server https://10.0.0.1:6443 --token K10...::abcdef.0123456789abcdef",
    )
    .action(async (options) => (await import("./apart.ts")).node(await settingsOf(options), loops));
}

function addToken(parent: Command): void {
  const token = parent.command("token").description("tokens with which machines join")
    .addHelpText("after", "\nExamples:\n  deno task master token create --ttl 1h\n  deno task master token list");
  commonFlags(token.command("create")).description("make a token, and print the line that a new node runs")
    .option("--ttl <time>", "how long it counts: 90m, 24h, 7d; 0 is for ever", "24h")
    .option("--description <text>", "what it is for", "made by d8s token create")
    .addHelpText("after", "\nExamples:\n  deno task master token create\n  deno task master token create --ttl 1h")
    .action(async ({ ttl, description, ...options }) => {
      const { createToken, parseTtl } = await import("./token.ts");
      print(await createToken(await settingsOf(options), { ttlMs: parseTtl(ttl), description }));
    });
  commonFlags(token.command("list")).description("show the tokens there are, without their secrets")
    .addHelpText("after", "\nExample:\n  deno task master token list")
    .action(async (options) => {
      for (const line of await (await import("./token.ts")).listTokens(await settingsOf(options))) print(line);
    });
  commonFlags(token.command("delete")).description("end a token before its time").argument("<id>", "its six characters")
    .addHelpText("after", "\nExample:\n  deno task master token delete abcdef")
    .action(async (id, options) => {
      await (await import("./token.ts")).deleteToken(await settingsOf(options), id);
      print("deleted");
    });
}

function addCerts(program: Command): void {
  commonFlags(program.command("certs")).description("show this machine's certificates and when they end, or renew them")
    .addArgument(
      new Argument(
        "[action]",
        "sign them anew, or sign ServiceAccount tokens with a new key; a running master takes both up",
      )
        .choices(["renew", "rotate-token-key"] as const),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  deno task d8s certs\n  deno task d8s certs renew\n  deno task d8s certs rotate-token-key",
    )
    .action(async (action, options) => {
      const { listCerts, renewCerts, rotateTokenKey } = await import("./certs.ts");
      const settings = await settingsOf(options);
      if (action === "renew") { for (const file of await renewCerts(settings)) print(`renewed ${file}`); }
      if (action === "rotate-token-key") print(`kept ${await rotateTokenKey(settings)}`);
      for (const line of await listCerts(settings, Date.now())) print(line);
    });
}

function addSecrets(program: Command): void {
  commonFlags(program.command("secrets")).description("show under which keys the store's values are encrypted")
    .addArgument(
      new Argument("[action]", "write what is under an old key or in clear anew").choices(["rotate"] as const),
    )
    .addHelpText("after", "\nExamples:\n  deno task d8s secrets\n  deno task d8s secrets rotate")
    .action(async (action, options) => {
      const { listKeyUse, rotateKeys } = await import("./secrets.ts");
      const settings = await settingsOf(options);
      if (action === "rotate") print(`${await rotateKeys(settings)} objects were encrypted anew`);
      for (const line of await listKeyUse(settings)) print(line);
    });
}

function addStatus(program: Command, loops: Loops, outcome: { code: number }): void {
  storeFlags(commonFlags(program.command("status"))).description(
    "say what runs and what is wrong; exit status 1 if anything is",
  )
    .addHelpText("after", "\nExample:\n  deno task d8s status && echo all is well")
    .action(async (options) => {
      const { status } = await import("./status.ts");
      if (!await status(await settingsOf(options), loops, print)) outcome.code = 1;
    });
}

function addDown(program: Command, loops: Loops): void {
  nodeFlags(commonFlags(program.command("down"))).description(
    "remove every container, rule, bridge and mount that d8s made",
  )
    .option("--purge", "also remove the data folder and the kubectl context", false)
    .option("--yes", "do not ask", false)
    .addHelpText("after", "\nExamples:\n  deno task down\n  deno task down --purge --yes")
    .action(async ({ purge, yes, ...options }) =>
      (await import("./down.ts")).down(await settingsOf(options), loops, { purge, yes })
    );
}

function commonFlags<T extends Command>(command: T) {
  return command
    .option("--config <file>", "settings in YAML, named like the flags (default: /etc/d8s/config.yaml if it is there)")
    .option("--data-dir <dir>", "where everything is kept (default: /var/lib/d8s)")
    .option("--bind-address <ip>", "where the API server and the kubelet listen (default: 0.0.0.0)")
    .option("--port <number>", "port of the API server (default: 6443)")
    .option("--node-name <name>", "name of this node (default: the host's)")
    .option("--node-ip <ip>", "address of this node (default: that of the default route)")
    .option("--pod-cidr <cidr>", "addresses of pods, IPv4[,IPv6] (default: 10.244.0.0/16)")
    .option("--node-cidr-mask-size-ipv4 <bits>", "prefix length of a node's part of them (default: 24)")
    .option("--node-cidr-mask-size-ipv6 <bits>", "the same for IPv6 (default: 64)")
    .option("--service-cidr <cidr>", "addresses of Services, IPv4[,IPv6] (default: 10.96.0.0/16)")
    .option("--kubeconfig <file>", "kubectl's configuration (default: $KUBECONFIG or ~/.kube/config)")
    .option("--verbose", "show every log line");
}

function storeFlags<T extends Command>(command: T) {
  return command
    .option("--manifests <dir>", "folder that is applied and kept so; may be repeated", collect)
    .option("--store <where>", "sqlite:PATH or etcd=https://HOST:2379,... (default: sqlite in the data folder)")
    .option("--encryption-provider-config <file>", "which resources are encrypted in the store, and with which keys")
    .option("--authentication-config <file>", "other issuers whose tokens are believed (AuthenticationConfiguration)")
    .option("--authorization-config <file>", "who decides, in order (AuthorizationConfiguration; default: Node, RBAC)")
    .option("--enable-admission-plugins <names>", "admission plugins that are on beside upstream's, commas between")
    .option("--disable-admission-plugins <names>", "admission plugins of upstream's that are off, commas between")
    .option("--admission-control-config-file <file>", "what the plugins are told (AdmissionConfiguration)")
    .option("--runtime-config <kinds>", "beta kinds to serve, such as certificates.k8s.io/v1beta1=true, commas between")
    .option("--audit-policy-file <file>", "what is written into the audit log; without it, nothing")
    .option("--audit-log-path <file>", "the audit log (default: audit/audit.log in the data folder)")
    .option("--audit-log-maxsize <megabytes>", "size at which it is set aside (default: 100; 0: never)")
    .option("--audit-log-maxbackup <number>", "how many of those are kept (default: 10; 0: all)")
    .option("--audit-log-maxage <days>", "how long those are kept (default: 0, for ever)")
    .option(
      "--audit-webhook-config-file <file>",
      "kubeconfig of a server that gets the events, beside or without a file",
    )
    .option("--audit-webhook-mode <mode>", "batch, or blocking: no answer before its event was sent (default: batch)")
    .option("--audit-webhook-initial-backoff <time>", "wait before a failed batch is sent again (default: 10s)")
    .option("--audit-webhook-batch-buffer-size <events>", "how many wait before more are lost (default: 10000)")
    .option("--audit-webhook-batch-max-size <events>", "how many go in one request (default: 400)")
    .option("--audit-webhook-batch-max-wait <time>", "how long an event waits for others (default: 30s)")
    .option("--audit-webhook-batch-throttle-qps <number>", "requests a second (default: 10)")
    .option("--audit-webhook-batch-throttle-burst <number>", "requests at once after a rest (default: 15)")
    .option("--audit-webhook-truncate-enabled", "leave the bodies out of events that are too large")
    .option("--audit-webhook-truncate-max-event-size <bytes>", "what is too large for an event (default: 102400)")
    .option("--audit-webhook-truncate-max-batch-size <bytes>", "and for a request (default: 10485760)")
    .option(
      "--scheduler-config <file>",
      "how pods are placed (KubeSchedulerConfiguration; default: upstream's defaults)",
    )
    .option("--load-balancer <who>", "where Services of type LoadBalancer are reached: nodes, or none (default: nodes)")
    .option("--fake-nodes <number>", "play so many nodes that run nothing, to try operators at scale; needs no docker")
    .option("--store-ca <file>", "CA of etcd")
    .option("--store-cert <file>", "client certificate for etcd")
    .option("--store-key <file>", "its key");
}

function nodeFlags<T extends Command>(command: T) {
  return command
    .option("--kubelet-port <number>", "port of the kubelet (default: 10250)")
    .option("--kubelet-config <file>", "what the node keeps to (KubeletConfiguration, kubelet.config.k8s.io/v1beta1)")
    .option("--docker-host <url>", "docker's socket (default: $DOCKER_HOST or unix:///var/run/docker.sock)")
    .option("--cni-conf-dir <dir>", "where CNI configuration is (default: /etc/cni/net.d)")
    .option("--cni-bin-dir <dir>", "where CNI plugins are (default: where they are installed)")
    .option("--bridge <name>", "bridge of the pods (default: cni0)")
    .option("--no-install", "do not install missing packages, only name them");
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

/** Flags over the config file over what the machine says. */
async function settingsOf(options: Options): Promise<Settings> {
  const { config, ...chosen } = options;
  const flags: Options = {};
  for (const [name, value] of Object.entries(chosen)) {
    const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    // commander answers `install: true` when nobody said anything: the file may still say no.
    if (value !== undefined && !(dashed === "install" && value === true)) flags[dashed] = value;
  }
  return settingsFrom({ ...await readConfig(config as string | undefined), ...flags }, machineDefaults());
}

/** `d8s complete bash` prints the shell's script; loaded only when asked, because it costs start time. */
async function addCompletion(program: Command, args: readonly string[]): Promise<void> {
  if (args[0] === "complete") {
    const { default: tab } = await import("@bomb.sh/tab/commander");
    tab(program as never);
  } else {
    program.command("complete").description("print a completion script for bash, zsh, fish or powershell");
  }
}

function explain(error: unknown, verbose: boolean): number {
  const { code, exitCode } = error as { code?: unknown; exitCode?: number };
  if (String(code).startsWith("commander.")) return exitCode ?? 1; // it has said what there is to say
  console.error(error instanceof Error ? `d8s: ${error.message}` : `d8s: ${error}`);
  if (verbose && !(error instanceof SettingsError)) console.error(error);
  return 1;
}

/** For the test that holds flags and settings together. */
export const settingNames = Object.keys(settingsSchema.shape);
