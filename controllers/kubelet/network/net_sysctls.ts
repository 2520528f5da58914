/** Writes kernel parameters of a network namespace: /proc/sys/net shows the namespace of the process that opens it. */
const decoder = new TextDecoder();

export async function setNetSysctls(pid: number, sysctls: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(sysctls)) {
    const path = `/proc/sys/${name.replaceAll(".", "/")}`;
    const script = 'printf %s "$1" > "$0"';
    const args = [`--net=/proc/${pid}/ns/net`, "--", "sh", "-c", script, path, value];
    const { success, stderr } = await new Deno.Command("nsenter", { args, stdout: "null" }).output();
    if (!success) throw new Error(`sysctl ${name} can't be set to "${value}": ${decoder.decode(stderr).trim()}`);
  }
}
