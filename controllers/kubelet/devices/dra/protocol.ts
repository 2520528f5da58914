/** The messages of drivers of ResourceClaims, version v1; v1beta1's are the same. Source: k8s.io/kubelet, dra/v1; KEP-4381. */
import { list, message, nested, text, texts } from "../../../../runtime/schema/codec/proto_message.ts";

const claims = message({ claims: list(1, message({ namespace: text(1), uid: text(2), name: text(3) })) });
const device = message({ request_names: texts(1), pool_name: text(2), device_name: text(3), cdi_device_ids: texts(4) });
const prepared = message({ devices: list(1, device), error: text(2) });
const unprepared = message({ error: text(1) });

export type ClaimRef = ReturnType<(typeof claims)["decode"]>["claims"][number];
export type PreparedDevice = ReturnType<(typeof device)["decode"]>;

/** The newest first, by what a driver calls it. */
export const versions = ["v1", "v1beta1"] as const;
export type Version = (typeof versions)[number];

function pathOf(version: Version, method: string): string {
  return `/k8s.io.kubelet.pkg.apis.dra.${version}.DRAPlugin/${method}`;
}

/** A map by the claims' uids. */
export const prepare = {
  path: (version: Version) => pathOf(version, "NodePrepareResources"),
  request: claims,
  response: message({ claims: list(1, message({ key: text(1), value: nested(2, prepared) })) }),
};

export const unprepare = {
  path: (version: Version) => pathOf(version, "NodeUnprepareResources"),
  request: claims,
  response: message({ claims: list(1, message({ key: text(1), value: nested(2, unprepared) })) }),
};
