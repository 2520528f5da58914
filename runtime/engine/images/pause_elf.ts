/**
 * The process that holds a pod's namespaces: a static ELF of a few hundred bytes, written here instruction by instruction,
 * so that a node needs nobody's image to run its first pod.
 *
 * It isn't an init system: it waits, reaps orphans when the pod shares its process namespace (it is pid 1 then), and exits
 * with 0 on SIGTERM and SIGINT. Signals are blocked and waited for rather than handled, so there is no handler to write, and
 * the kernel does not drop blocked signals for pid 1. Given any argument, it first unshares a network namespace of its own
 * (and exits with 1 if it may not): docker takes about 65 ms to make an empty one, this takes none. Then it gives up every
 * capability.
 */

export type Architecture = "amd64" | "arm64";

/** Each line: machine code as hex, then what it says. */
const amd64Code = [
  "48833c2401", //         cmp [rsp], 1            ; argc
  "7410", //               je block
  "bf00000040", //         mov edi, CLONE_NEWNET
  "b810010000", //         mov eax, unshare
  "0f05", //               syscall
  "85c0", //               test eax, eax
  "756e", //               jnz fail
  "488d3d73000000", //     block: lea rdi, caps
  "488d3574000000", //     lea rsi, none
  "b87e000000", //         mov eax, capset
  "0f05", //               syscall
  "31ff", //               xor edi, edi            ; SIG_BLOCK
  "488d357c000000", //     lea rsi, set
  "31d2", //               xor edx, edx
  "41ba08000000", //       mov r10d, 8             ; bytes in a signal set
  "b80e000000", //         mov eax, rt_sigprocmask
  "0f05", //               syscall
  "488d3d66000000", //     next: lea rdi, set
  "31f6", //               xor esi, esi
  "31d2", //               xor edx, edx
  "41ba08000000", //       mov r10d, 8
  "b880000000", //         mov eax, rt_sigtimedwait
  "0f05", //               syscall
  "83f811", //             cmp eax, SIGCHLD
  "7408", //               je reap
  "85c0", //               test eax, eax
  "78df", //               js next                 ; interrupted
  "31ff", //               xor edi, edi
  "eb21", //               jmp exit
  "bfffffffff", //         reap: mov edi, -1
  "31f6", //               xor esi, esi
  "ba01000000", //         mov edx, WNOHANG
  "4531d2", //             xor r10d, r10d
  "b83d000000", //         mov eax, wait4
  "0f05", //               syscall
  "85c0", //               test eax, eax
  "7fe6", //               jg reap
  "ebbf", //               jmp next
  "bf01000000", //         fail: mov edi, 1
  "b83c000000", //         exit: mov eax, exit
  "0f05", //               syscall
];

const arm64Code = [
  "e00340f9", //  ldr x0, [sp]                    ; argc
  "1f0400f1", //  cmp x0, 1
  "a0000054", //  b.eq block
  "0000a8d2", //  mov x0, CLONE_NEWNET
  "280c80d2", //  mov x8, unshare
  "010000d4", //  svc 0
  "e00300b5", //  cbnz x0, fail
  "20040010", //  block: adr x0, caps
  "41040010", //  adr x1, none
  "680b80d2", //  mov x8, capset
  "010000d4", //  svc 0
  "000080d2", //  mov x0, SIG_BLOCK
  "81040010", //  adr x1, set
  "020080d2", //  mov x2, 0
  "030180d2", //  mov x3, 8
  "e81080d2", //  mov x8, rt_sigprocmask
  "010000d4", //  svc 0
  "e0030010", //  next: adr x0, set
  "010080d2", //  mov x1, 0
  "020080d2", //  mov x2, 0
  "030180d2", //  mov x3, 8
  "281180d2", //  mov x8, rt_sigtimedwait
  "010000d4", //  svc 0
  "1f4400f1", //  cmp x0, SIGCHLD
  "80000054", //  b.eq reap
  "00ffffb7", //  tbnz x0, 63, next               ; interrupted
  "000080d2", //  mov x0, 0
  "0b000014", //  b exit
  "00008092", //  reap: mov x0, -1
  "010080d2", //  mov x1, 0
  "220080d2", //  mov x2, WNOHANG
  "030080d2", //  mov x3, 0
  "882080d2", //  mov x8, wait4
  "010000d4", //  svc 0
  "1f0000f1", //  cmp x0, 0
  "2cffff54", //  b.gt reap
  "edffff17", //  b next
  "200080d2", //  fail: mov x0, 1
  "a80b80d2", //  exit: mov x8, exit
  "010000d4", //  svc 0
];

/** Both programs address these by their distance: caps (header, version 3), none (24 zero bytes), set (INT, TERM, CHLD). */
const data = ["2205082000000000", "00".repeat(24), "0240010000000000"];

const machines: Record<Architecture, { number: number; code: readonly string[] }> = {
  amd64: { number: 62, code: amd64Code },
  arm64: { number: 183, code: arm64Code },
};

const fileHeaderBytes = 64;
const programHeaderBytes = 56;
const loadAddress = 0x400000n;
/** arm64 kernels may have pages of 64 KiB. */
const pageBytes = 0x10000n;

/** The whole executable file. */
export function pauseElf(architecture: Architecture): Uint8Array<ArrayBuffer> {
  const { number, code } = machines[architecture];
  const program = Uint8Array.fromHex([...code, ...data].join(""));
  const codeAt = fileHeaderBytes + programHeaderBytes;
  const file = new Uint8Array(codeAt + program.length);
  writeFileHeader(new DataView(file.buffer), number, loadAddress + BigInt(codeAt));
  writeProgramHeader(new DataView(file.buffer, fileHeaderBytes), BigInt(file.length));
  file.set(program, codeAt);
  return file;
}

/** ELF-64, little-endian, System V, executable. */
function writeFileHeader(view: DataView, machine: number, entry: bigint): void {
  view.setUint32(0, 0x7f454c46);
  view.setUint32(4, 0x02010100);
  view.setUint16(16, 2, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(fileHeaderBytes), true);
  view.setUint16(52, fileHeaderBytes, true);
  view.setUint16(54, programHeaderBytes, true);
  view.setUint16(56, 1, true);
}

/** One segment, readable and executable: the file as a whole. */
function writeProgramHeader(view: DataView, bytes: bigint): void {
  view.setUint32(0, 1, true);
  view.setUint32(4, 5, true);
  view.setBigUint64(16, loadAddress, true);
  view.setBigUint64(24, loadAddress, true);
  view.setBigUint64(32, bytes, true);
  view.setBigUint64(40, bytes, true);
  view.setBigUint64(48, pageBytes, true);
}
