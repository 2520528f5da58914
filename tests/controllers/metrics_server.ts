/** A server behind the API that serves all three metrics APIs over TLS, as adapters do. Figures are shared by the pods there are. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { ensurePki, type Pki } from "../../runtime/auth/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import { type Json, kind, Pod, Service } from "../../runtime/schema/mod.ts";

export interface MetricsServer extends AsyncDisposable {
  readonly pki: Pki;
  /** Paths that were asked for, decoded. */
  readonly asked: string[];
  /** Makes `client`'s API ask this server; resolves when it does. */
  serve(client: Client): Promise<void>;
}

interface Registration {
  readonly spec: object;
  readonly status?: { readonly conditions?: readonly { readonly reason: string }[] };
}
const APIService = kind<Registration>("apiregistration.k8s.io/v1", "APIService", "apiservices", false);

const groups = ["metrics.k8s.io/v1beta1", "custom.metrics.k8s.io/v1beta2", "external.metrics.k8s.io/v1beta1"];
/** As adapters list what they have figures of: parts, without that which they are parts of. */
const resources = [{ name: "pods/packets", namespaced: true, kind: "MetricValueList", verbs: ["get"] }];
const timestamp = "2026-01-01T00:00:00Z";

export async function metricsServer(): Promise<MetricsServer> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-metrics-" });
  const pki = await ensurePki(folder, { hostnames: ["metrics.default.svc"], ips: ["127.0.0.1"] });
  await Deno.remove(folder, { recursive: true });
  const asked: string[] = [];
  let behind: Client | undefined;
  const { key, cert } = pki.apiserver;
  const server = createServer(
    { key, cert, ca: pki.frontProxyCa.cert, requestCert: true },
    async (request, response) => {
      const url = new URL(request.url!, "https://metrics");
      asked.push(decodeURIComponent(url.pathname + url.search).replaceAll("+", " "));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(await answer(url, behind!)));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    pki,
    asked,
    async serve(client) {
      behind = client;
      const metadata = { name: "metrics", namespace: "default" };
      const spec = { type: "ExternalName" as const, externalName: "localhost" };
      await client.create(Service, { apiVersion: "v1", kind: "Service", metadata, spec });
      const place = { name: "metrics", namespace: "default", port: (server.address() as AddressInfo).port };
      await Promise.all(groups.map((text) => register(text, { service: place, caBundle: btoa(pki.ca.cert) }, client)));
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function register(groupVersion: string, more: Record<string, Json>, client: Client): Promise<void> {
  const [group = "", version = ""] = groupVersion.split("/");
  const name = `${version}.${group}`;
  const spec = { group, version, groupPriorityMinimum: 100, versionPriority: 100, ...more };
  const object = { apiVersion: APIService.apiVersion, kind: APIService.kind, metadata: { name }, spec };
  // The nodes' own figures are registered already, and served without a server behind.
  if (await client.get(APIService, { name })) {
    await client.patch(APIService, { name }, { type: "merge", body: { spec } });
  } else await client.create(APIService, object);
  const options = { fieldSelector: `metadata.name=${name}`, signal: AbortSignal.timeout(20_000) };
  for await (const event of client.watch(APIService, options)) {
    if (event.type === "BOOKMARK") continue;
    const { conditions = [] } = event.object.status ?? {};
    if (conditions.some(({ reason }) => reason === "Passed")) return;
  }
  throw new Error(`${name} did not become available`);
}

async function answer({ pathname, searchParams }: URL, client: Client): Promise<object> {
  const [, , groupVersion, rest] = /^\/apis\/([^/]+\/([^/]+))(?:\/(.*))?$/.exec(pathname) ?? [];
  const group = groups.find((one) => pathname.startsWith(`/apis/${one}`));
  if (rest === undefined) return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
  const pods = async () => {
    const labelSelector = searchParams.get("labelSelector") ?? "";
    return (await client.list(Pod, { namespace: "default", labelSelector })).items;
  };
  if (group === groups[0]) return { items: usageOf(await pods()) };
  if (group === groups[2]) {
    return { items: [{ metricName: "queue", timestamp, value: "20" }, { value: "10", timestamp }] };
  }
  if (!rest.includes("/pods/*/")) return { items: [{ describedObject: {}, timestamp, value: "15" }] };
  const all = await pods();
  const items = all.map(({ metadata: { name } }) => ({
    ...{ describedObject: { kind: "Pod", name }, timestamp, value: `${60_000 / all.length}m` },
  }));
  return { items };
}

/** 150Mi in container `a` and 50Mi in container `b`, over all pods. */
function usageOf(pods: readonly { readonly metadata: { readonly name: string } }[]): object[] {
  const share = (mebibytes: number) => ({ memory: `${Math.trunc(mebibytes * 1024 / pods.length)}Ki` });
  const containers = [{ name: "a", usage: share(150) }, { name: "b", usage: share(50) }];
  return pods.map(({ metadata }) => ({ metadata, timestamp, window: "30s", containers }));
}
