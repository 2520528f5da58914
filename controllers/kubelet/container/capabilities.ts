/** Linux capabilities by their bits. Source: capabilities(7), linux/capability.h. Pure. */

/** In the order of their numbers. */
const names = (
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split(" ").map((name) => `CAP_${name}`);

export interface Capabilities {
  readonly present: readonly string[];
  /** Known to the kernel, and not to be had on this machine. */
  readonly missing: readonly string[];
}

/** `status`: the text of `/proc/PID/status`; `last`: the number in `/proc/sys/kernel/cap_last_cap`. */
export function capabilitiesIn(status: string, last: number): Capabilities {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const isPresent = (_: string, bit: number) => ((mask >> BigInt(bit)) & 1n) === 1n;
  const known = names.slice(0, last + 1);
  return { present: known.filter(isPresent), missing: known.filter((name, bit) => !isPresent(name, bit)) };
}
