/** The CNI configuration of a node, as a value. Source: CNI specification 1.0.0, "Network configuration format". */
import type { Json } from "../../runtime/schema/mod.ts";

export interface ConflistOptions {
  readonly bridge: string;
  /** `node.spec.podCIDR` */
  readonly subnet: string;
  /** Where host-local keeps the addresses that are taken. */
  readonly ipamDir: string;
}

export const conflistName = "10-d8s.conflist";

/** Bridge with the node as gateway, host-local addresses, host ports. Masquerading is done by the overlay's own rules. */
export function conflist({ bridge, subnet, ipamDir }: ConflistOptions): Json {
  return {
    cniVersion: "1.0.0",
    name: "d8s",
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        // A node that was given another subnet keeps its bridge.
        forceAddress: true,
        ipMasq: false,
        // A pod that reaches itself through its Service.
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: ipamDir,
          ranges: [[{ subnet }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}
