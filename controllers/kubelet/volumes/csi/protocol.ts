/**
 * The messages that the node agent and its plugins exchange, as far as the agent needs them.
 *
 * Source: https://github.com/container-storage-interface/spec (Node service, v1) and KEP-595 (plugin registration).
 */
import {
  flag,
  integer,
  list,
  message,
  nested,
  pairs,
  type ProtoMessage,
  text,
  texts,
} from "../../../../runtime/schema/codec/proto_message.ts";

/** A method's path, and the shapes of what goes in and out. */
export interface Method<Asked, Answer> {
  readonly path: string;
  readonly request: ProtoMessage<Asked>;
  readonly response: ProtoMessage<Answer>;
}

const nothing = message({});

const pluginInfo = message({ type: text(1), name: text(2), endpoint: text(3), supported_versions: texts(4) });
const registrationStatus = message({ plugin_registered: flag(1), error: text(2) });

export const registration = {
  getInfo: { path: "/pluginregistration.Registration/GetInfo", request: nothing, response: pluginInfo },
  notify: {
    path: "/pluginregistration.Registration/NotifyRegistrationStatus",
    request: registrationStatus,
    response: nothing,
  },
};

export type PluginInfo = ReturnType<(typeof pluginInfo)["decode"]>;

const mountVolume = message({ fs_type: text(1), mount_flags: texts(2), volume_mount_group: text(3) });
const accessMode = message({ mode: integer(1) });
const volumeCapability = message({
  block: nested(1, nothing),
  mount: nested(2, mountVolume),
  access_mode: nested(3, accessMode),
});

export type VolumeCapability = Partial<ReturnType<(typeof volumeCapability)["decode"]>>;

/** `NodeServiceCapability.RPC.Type` */
export const nodeCapability = {
  stageUnstage: 1,
  stats: 2,
  expand: 3,
  singleNodeMultiWriter: 5,
  mountGroup: 6,
} as const;

/** `VolumeUsage.Unit` */
export const usageUnit = { bytes: 1, inodes: 2 } as const;

const topology = message({ segments: pairs(1) });
const rpc = message({ type: integer(1) });
const usage = message({ available: integer(1), total: integer(2), used: integer(3), unit: integer(4) });

export const csi = {
  getInfo: {
    path: "/csi.v1.Node/NodeGetInfo",
    request: nothing,
    response: message({ node_id: text(1), max_volumes_per_node: integer(2), accessible_topology: nested(3, topology) }),
  },
  getCapabilities: {
    path: "/csi.v1.Node/NodeGetCapabilities",
    request: nothing,
    response: message({ capabilities: list(1, message({ rpc: nested(1, rpc) })) }),
  },
  stage: {
    path: "/csi.v1.Node/NodeStageVolume",
    request: message({
      volume_id: text(1),
      publish_context: pairs(2),
      staging_target_path: text(3),
      volume_capability: nested(4, volumeCapability),
      secrets: pairs(5),
      volume_context: pairs(6),
    }),
    response: nothing,
  },
  unstage: {
    path: "/csi.v1.Node/NodeUnstageVolume",
    request: message({ volume_id: text(1), staging_target_path: text(2) }),
    response: nothing,
  },
  publish: {
    path: "/csi.v1.Node/NodePublishVolume",
    request: message({
      volume_id: text(1),
      publish_context: pairs(2),
      staging_target_path: text(3),
      target_path: text(4),
      volume_capability: nested(5, volumeCapability),
      readonly: flag(6),
      secrets: pairs(7),
      volume_context: pairs(8),
    }),
    response: nothing,
  },
  unpublish: {
    path: "/csi.v1.Node/NodeUnpublishVolume",
    request: message({ volume_id: text(1), target_path: text(2) }),
    response: nothing,
  },
  stats: {
    path: "/csi.v1.Node/NodeGetVolumeStats",
    request: message({ volume_id: text(1), volume_path: text(2), staging_target_path: text(3) }),
    response: message({ usage: list(1, usage) }),
  },
  expand: {
    path: "/csi.v1.Node/NodeExpandVolume",
    request: message({
      volume_id: text(1),
      volume_path: text(2),
      capacity_range: nested(3, message({ required_bytes: integer(1) })),
      staging_target_path: text(4),
      volume_capability: nested(5, volumeCapability),
      secrets: pairs(6),
    }),
    response: message({ capacity_bytes: integer(1) }),
  },
};
