/**
 * What every gate together costs a create: pods made in a server with RBAC, audit at Metadata, flow control, upstream's admission
 * and encryption, and in one with none of them, turn by turn, in process, so that nothing else is measured.
 */
import { AuditCounts, auditLogFile, parsePolicy } from "../../runtime/api/audit/mod.ts";
import { type Api, createApi } from "../../runtime/api/mod.ts";
import { clusterAccess, type User } from "../../runtime/auth/mod.ts";
import { systemClock } from "../../runtime/loop/mod.ts";
import { encryptedStore, parseEncryption } from "../../runtime/store/encryption/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";
import { samplePod } from "./sample_pod.ts";

const creates = 200;
const rounds = 10;
const admin: User = { name: "admin", groups: ["system:masters"] };
const developer: User = { name: "developer", groups: ["system:authenticated"] };

/** Milliseconds of each create, with the gates and without, of the later half of the rounds. */
export async function createPath(): Promise<{ readonly gated: number[]; readonly bare: number[] }> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-bench-" });
  await using gates = await gated(`${folder}/gated`);
  await using none = await bare(`${folder}/bare`);
  for (const { api } of [gates, none]) await prepare(api);
  const figures = { gated: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const [withGates, without] = [await made(gates.api, developer, round), await made(none.api, admin, round)];
    if (round < rounds / 2) continue;
    figures.gated.push(...withGates);
    figures.bare.push(...without);
  }
  await Deno.remove(folder, { recursive: true });
  return figures;
}

interface Measured extends AsyncDisposable {
  readonly api: Api;
}

async function gated(folder: string): Promise<Measured> {
  await Deno.mkdir(folder);
  const secret = crypto.getRandomValues(new Uint8Array(32)).toBase64();
  const rules = await parseEncryption({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{
      resources: ["pods", "secrets"],
      providers: [{ aesgcm: { keys: [{ name: "key", secret }] } }, { identity: {} }],
    }],
  }, { call: () => () => Promise.reject(new Error("there is no plug-in")), now: Date.now });
  const store = encryptedStore(await openSqliteStore({ path: `${folder}/store.db` }), rules);
  const policy = parsePolicy({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] });
  const sink = await auditLogFile({
    ...{ path: `${folder}/audit.log`, maxBytes: 2 ** 30, backups: 1, maxAgeMs: 0, now: Date.now },
    onTrouble: (error) => console.error(error),
  });
  const access = clusterAccess();
  const { authorize } = access;
  const clock = systemClock;
  const api = await createApi({
    store,
    clock,
    access,
    authorize,
    authenticate,
    audit: { policy, sink, counts: new AuditCounts() },
  });
  return {
    api,
    async [Symbol.asyncDispose]() {
      await api.close();
      await sink.close();
      await store.close();
    },
  };
}

async function bare(folder: string): Promise<Measured> {
  await Deno.mkdir(folder);
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  const admission = { on: new Set<string>(), settings: {} };
  const authorize = () => Promise.resolve({ allowed: true, reason: "" });
  const api = await createApi({ store, clock: systemClock, authorize, authenticate, admission });
  return {
    api,
    async [Symbol.asyncDispose]() {
      await api.close();
      await store.close();
    },
  };
}

/** Requests come with their user. */
function authenticate() {
  return Promise.resolve(undefined);
}

async function prepare(api: Api): Promise<void> {
  await sent(api, admin, "/api/v1/namespaces", JSON.stringify({ metadata: { name: "bench" } }));
  const account = JSON.stringify({ metadata: { name: "default" } });
  await sent(api, admin, "/api/v1/namespaces/bench/serviceaccounts", account);
  const apiGroup = "rbac.authorization.k8s.io";
  const binding = {
    metadata: { name: "developer" },
    subjects: [{ kind: "User", apiGroup, name: developer.name }],
    roleRef: { apiGroup, kind: "ClusterRole", name: "cluster-admin" },
  };
  await sent(api, admin, `/apis/${apiGroup}/v1/namespaces/bench/rolebindings`, JSON.stringify(binding));
}

async function made(api: Api, user: User, round: number): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < creates; turn++) {
    const body = samplePod(`p-${round}-${turn}`);
    const before = performance.now();
    await sent(api, user, "/api/v1/namespaces/bench/pods", body);
    times.push(performance.now() - before);
  }
  return times;
}

async function sent(api: Api, user: User, path: string, body: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await api.rawRequest(user, new Request(`https://api${path}`, { method: "POST", headers, body }));
  const text = await response.text();
  if (response.status !== 201) throw new Error(`POST ${path}: ${response.status} ${text.slice(0, 300)}`);
}
