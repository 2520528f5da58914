/** A master's API and a node agent in one process, for tests that kill it: `deno run node_process.ts FOLDER ADDRESS`. */
import { kubelet } from "../../controllers/kubelet/mod.ts";
import { createApi, serveApi, tlsKubeletDialer } from "../../runtime/api/mod.ts";
import { clientCertificates, clusterAccess, ensurePki, kubeletAuthorizer, loopUser } from "../../runtime/auth/mod.ts";
import { inProcessClient } from "../../runtime/client/mod.ts";
import { dockerEngine } from "../../runtime/engine/mod.ts";
import { runControllers, systemClock } from "../../runtime/loop/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";

const [folder = "", address = ""] = Deno.args;
const node = { name: "n1", ips: [address] };
const pki = await ensurePki(`${folder}/pki`, { hostnames: [], ips: [address], node });
const store = await openSqliteStore({ path: `${folder}/store.db` });
const authenticate = clientCertificates();
const api = await createApi({
  store,
  authenticate,
  authorize: clusterAccess().authorize,
  clock: systemClock,
  dialKubelet: tlsKubeletDialer(() => ({ ca: pki.ca.cert, ...pki.kubeletClient })),
});
await serveApi(api, { hostname: address, port: 6443, ...pki.apiserver, clientCa: pki.ca.cert });
const options = {
  nodeName: node.name,
  nodeIp: address,
  rootDir: `${folder}/kubelet`,
  engine: dockerEngine({ host: Deno.env.get("DOCKER_HOST") }),
  server: {
    hostname: address,
    ...pki.nodeServing!,
    clientCa: pki.ca.cert,
    authenticate,
    authorize: kubeletAuthorizer(),
  },
};
const client = inProcessClient(api, loopUser("system:kubelet"));
runControllers([kubelet(options)], { client, signal: new AbortController().signal, identity: "test" });
console.log("up");
