/** An image for tests without a registry: Debian's static busybox with a link for every applet. */
import type { TestHost } from "./host.ts";
import { ensurePackages } from "./packages.ts";

export const busyboxImage = "busybox:test";

/** Puts `busybox:test` into the host's docker. */
export async function importBusybox(host: TestHost): Promise<string> {
  await ensurePackages(["busybox-static"]);
  const tree = `${host.folder}/busybox`;
  const script = `mkdir -p "$1/bin" "$1/tmp" "$1/etc" && cp /bin/busybox "$1/bin/busybox"
    for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"; done
    echo "root:x:0:0:root:/:/bin/sh" > "$1/etc/passwd"
    tar -C "$1" -c . | docker import --change 'CMD ["sh"]' --change 'ENV PATH=/bin' - ${busyboxImage}
    rm -rf "$1"`;
  await host.run(["sh", "-ec", script, "import", tree]);
  return busyboxImage;
}
