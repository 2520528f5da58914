/**
 * A disk with Debian as people have it: its own kernel, systemd, AppArmor and an NFS server, and no docker yet. It is made once
 * and kept, for as long as what goes into it stays the same.
 */
import { runCommand } from "../support/run_command.ts";

export interface Image {
  readonly disk: string;
  readonly kernel: string;
  readonly ramDisk: string;
  /** Of the one who may log in as root. */
  readonly key: string;
}

const packages = [
  ...["linux-image-amd64", "systemd-sysv", "udev", "dbus", "libpam-systemd", "kmod", "openssh-server", "iproute2"],
  ...["apparmor", "nfs-kernel-server", "busybox-static", "ca-certificates", "kubernetes-client", "procps", "curl"],
];

const kept = "/var/tmp/d8s-vm";

/** Deno with the packages of this repository goes in, so that the machine needs no registry. */
const finish = `
  tree=$1 work=$2 cache=$3 deno=$4
  rm -f "$work"/key*; ssh-keygen -q -t ed25519 -N "" -f "$work/key"
  install -D -m 600 "$work/key.pub" "$tree/root/.ssh/authorized_keys"
  echo vm > "$tree/etc/hostname"
  printf '127.0.0.1 localhost\\n10.0.2.15 vm\\n' > "$tree/etc/hosts"
  echo 'nameserver 10.0.2.3' > "$tree/etc/resolv.conf"
  printf '[Match]\\nName=en*\\n[Network]\\nDHCP=yes\\n' > "$tree/etc/systemd/network/10-wire.network"
  chroot "$tree" systemctl --quiet enable systemd-networkd
  chroot "$tree" systemctl --quiet mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer
  cp -L "$deno" "$tree/usr/local/bin/deno"
  mkdir -p "$tree/root/.cache/deno" "$tree/srv/nfs"
  cp -a "$cache/npm" "$tree/root/.cache/deno/"
  cp -L "$tree/vmlinuz" "$work/kernel"
  cp -L "$tree/initrd.img" "$work/ram-disk"
  truncate -s 12G "$work/disk.part"
  mkfs.ext4 -q -F -d "$tree" "$work/disk.part"
  rm -rf "$tree"
  mv "$work/disk.part" "$work/disk"`;

export async function machineImage(): Promise<Image> {
  const lock = await Deno.readTextFile(new URL("../../deno.lock", import.meta.url));
  const work = `${kept}/${await digest([lock, Deno.version.deno, finish, ...packages].join("\n"))}`;
  const image = { disk: `${work}/disk`, kernel: `${work}/kernel`, ramDisk: `${work}/ram-disk`, key: `${work}/key` };
  if (await Deno.stat(image.disk).then(() => true, () => false)) return image;
  // One made of other things is of no use any more.
  await Deno.remove(kept, { recursive: true }).catch(() => {});
  await Deno.mkdir(work, { recursive: true, mode: 0o700 });
  const tree = `${work}/tree`;
  await runCommand(["mmdebstrap", "--quiet", "--variant=minbase", `--include=${packages}`, "bookworm", tree]);
  await runCommand(["sh", "-ec", finish, "finish", tree, work, await denoCache(), Deno.execPath()]);
  return image;
}

async function denoCache(): Promise<string> {
  const { stdout } = await runCommand([Deno.execPath(), "info", "--json"]);
  return (JSON.parse(stdout) as { denoDir: string }).denoDir;
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return bytes.slice(0, 8).toHex();
}
