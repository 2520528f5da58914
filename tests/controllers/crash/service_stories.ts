/** What leads to pods: endpoints in both forms, addresses and their ranges. */
import {
  clusterIpRepair,
  endpoints,
  endpointSliceMirroring,
  endpointSlices,
  ipAddressRepair,
  loadBalancers,
  serviceCidrs,
} from "../../../controllers/mod.ts";
import { Endpoints, EndpointSlice, IPAddress, Node, Pod, Service, ServiceCIDR } from "../../../runtime/schema/mod.ts";
import { podPlayer } from "../pod_player.ts";
import type { Stage, Story } from "./lives.ts";

const labels = { app: "web" };
const ports = [{ port: 80, targetPort: 8080 }];
const playing = () => [podPlayer()];

async function servedPods({ make }: Stage): Promise<void> {
  await make(Service, "web", { spec: { selector: labels, ports } });
  for (const name of ["a", "b", "c"]) {
    await make(Pod, name, { metadata: { labels }, spec: { containers: [{ name: "main", image: "x" }] } });
  }
}

export const serviceStories: readonly Story[] = [
  {
    title: "endpoints follow a Service's pods",
    loops: () => [endpoints, endpointSlices],
    begin: async (stage) => {
      await servedPods(stage);
      await stage.play(playing(), (state) => state.of(Pod).every(({ status }) => status?.podIP !== undefined));
    },
    kinds: [Endpoints, EndpointSlice, Pod],
    ended: (state) =>
      state.one(Endpoints, "web")?.subsets?.[0]?.addresses?.length === 3 &&
      state.of(EndpointSlice).some(({ endpoints }) => endpoints?.length === 3),
  },
  {
    title: "the endpoints of a Service that went go too",
    loops: () => [endpoints],
    begin: async (stage) => {
      await servedPods(stage);
      await stage.play([endpoints, ...playing()], (state) => state.one(Endpoints, "web")?.subsets?.length === 1);
      await stage.remove(Service, "web");
    },
    kinds: [Endpoints],
    ended: (state) => state.one(Endpoints, "web") === undefined,
  },
  {
    title: "hand-written Endpoints are mirrored",
    loops: () => [endpointSliceMirroring],
    begin: async ({ make }) => {
      await make(Service, "web", { spec: { ports } });
      const addresses = [{ ip: "192.0.2.1" }, { ip: "2001:db8::1" }];
      await make(Endpoints, "web", { subsets: [{ addresses, ports: [{ port: 8080 }] }] });
    },
    kinds: [EndpointSlice],
    ended: (state) => state.of(EndpointSlice).filter(({ metadata }) => metadata.namespace === "work").length === 2,
  },
  {
    title: "two Services want one port of the nodes, and one has it",
    loops: () => [loadBalancers()],
    begin: async ({ make, setStatus }) => {
      const addresses = [{ type: "InternalIP", address: "192.0.2.1" }];
      await make(Node, "a");
      await setStatus(Node, "a", { addresses, conditions: [{ type: "Ready", status: "True" }] });
      const spec = { type: "LoadBalancer", ports, allocateLoadBalancerNodePorts: false };
      await make(Service, "one", { spec: { ...spec, clusterIP: "10.96.7.1" } });
      await make(Service, "two", { spec: { ...spec, clusterIP: "10.96.7.2" } });
    },
    kinds: [Service],
    ended: (state) => state.of(Service).filter(({ status }) => status?.loadBalancer?.ingress?.length).length === 1,
  },
  {
    title: "a ServiceCIDR is made ready",
    loops: () => [serviceCidrs],
    begin: async ({ make }) => void await make(ServiceCIDR, "more", { spec: { cidrs: ["10.97.0.0/24"] } }),
    kinds: [ServiceCIDR],
    ended: (state) => state.one(ServiceCIDR, "more")?.status?.conditions?.[0]?.status === "True",
  },
  {
    title: "a ServiceCIDR that nobody needs goes",
    loops: () => [serviceCidrs],
    begin: async ({ make, play, remove }) => {
      await make(ServiceCIDR, "more", { spec: { cidrs: ["10.97.0.0/24"] } });
      await play([serviceCidrs], (state) => state.one(ServiceCIDR, "more")?.status?.conditions?.length === 1);
      await remove(ServiceCIDR, "more");
    },
    kinds: [ServiceCIDR],
    ended: (state) => state.one(ServiceCIDR, "more") === undefined,
    speed: 100,
  },
  {
    title: "a lost address is claimed again, and a leaked one goes",
    loops: () => [clusterIpRepair, ipAddressRepair],
    begin: async ({ make, remove }) => {
      await make(Service, "web", { spec: { ports, clusterIP: "10.96.7.7" } });
      await remove(IPAddress, "10.96.7.7");
      const marks = { "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io" };
      const parentRef = { group: "", resource: "services", namespace: "work", name: "gone" };
      await make(IPAddress, "10.96.9.9", { metadata: { labels: marks }, spec: { parentRef } });
    },
    kinds: [IPAddress],
    ended: (state) =>
      state.one(IPAddress, "10.96.7.7") !== undefined && state.one(IPAddress, "10.96.9.9") === undefined,
    speed: 200,
  },
];
