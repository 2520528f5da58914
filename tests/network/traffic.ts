/** Endpoints and clients for tests that look at real packets. */
import type { TestHost } from "../support/host.ts";

/** A pod without a container: a network namespace behind the host's bridge `cni0`, named for its address. */
export async function addPodNamespace(host: TestHost, address: string, gateway: string): Promise<void> {
  const name = namespaceOf(address);
  const veth = `v${address.split(".").slice(2).join("x")}`;
  await host.run([
    "sh",
    "-ec",
    `
    ip link show cni0 >/dev/null 2>&1 || {
      ip link add cni0 type bridge && ip addr add ${gateway}/24 dev cni0 && ip link set cni0 up
    }
    ip netns add ${name}
    ip link add ${veth} type veth peer name eth0 netns ${name}
    ip link set ${veth} master cni0 && bridge link set dev ${veth} hairpin on && ip link set ${veth} up
    ip -n ${name} link set lo up && ip -n ${name} addr add ${address}/24 dev eth0 && ip -n ${name} link set eth0 up
    ip -n ${name} route add default via ${gateway}`,
  ]);
}

export function namespaceOf(address: string): string {
  return `pod-${address}`;
}

/** The command line that runs `command` in the pod. `nsenter`, as `ip netns exec` needs a /sys of its own. */
export function inPod(address: string, command: readonly string[]): string[] {
  return ["nsenter", `--net=/run/netns/${namespaceOf(address)}`, ...command];
}

const server = String.raw`
import http.server, socket, socketserver, sys, threading
name, port = sys.argv[1], int(sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{name} {self.client_address[0]}".encode()
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *args): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("0.0.0.0", port))
def answer():
    while True:
        _, who = udp.recvfrom(1500); udp.sendto(f"{name} {who[0]}".encode(), who)
threading.Thread(target=answer, daemon=True).start()
tcp = Server(("0.0.0.0", port), Handler)
print("listening", flush=True)
tcp.serve_forever()
`;

/** Answers HTTP and UDP on `port` with its name and the address that it sees. Resolves when it listens. */
export async function serveName(host: TestHost, enter: (command: readonly string[]) => string[], at: {
  name: string;
  port: number;
}): Promise<void> {
  const child = host.spawn(enter(["python3", "-c", server, at.name, `${at.port}`]), { stderr: "inherit" });
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  if (done) throw new Error(`the server ${at.name} ended at once`);
  reader.releaseLock();
}

/** `name address` as the endpoint answered, or curl's exit code: 7 refused, 28 timed out. */
export async function get(
  host: TestHost,
  enter: (command: readonly string[]) => string[],
  url: string,
): Promise<string> {
  const command = ["curl", "-s", "-S", "--max-time", "3", "--noproxy", "*", url];
  const { code, stdout } = await host.run(enter(command), { check: false });
  return code === 0 ? stdout : `curl ${code}`;
}

export const onHost = (command: readonly string[]): string[] => [...command];
