/**
 * The messages of device plugins, version v1beta1, as far as the agent needs them.
 *
 * Source: Kubernetes docs, "Device Plugins"; KEP-3573.
 */
import { flag, integer, list, message, pairs, text, texts } from "../../../runtime/schema/codec/proto_message.ts";
import { nested, type ProtoMessage } from "../../../runtime/schema/codec/proto_message.ts";
import { topologyInfo } from "./pod_resources_protocol.ts";

export interface Method<Asked, Answer> {
  readonly path: string;
  readonly request: ProtoMessage<Asked>;
  readonly response: ProtoMessage<Answer>;
}

export const apiVersion = "v1beta1";

const nothing = message({});
const options = message({ pre_start_required: flag(1), get_preferred_allocation_available: flag(2) });

export type PluginOptions = Partial<ReturnType<(typeof options)["decode"]>>;

export const register = {
  path: "/v1beta1.Registration/Register",
  request: message({ version: text(1), endpoint: text(2), resource_name: text(3), options: nested(4, options) }),
  response: nothing,
};

export type Registration = ReturnType<(typeof register)["request"]["decode"]>;

const device = message({ id: text(1), health: text(2), topology: nested(3, topologyInfo) });
const preference = message({ available: texts(1), must_include: texts(2), size: integer(3) });
const mount = message({ container_path: text(1), host_path: text(2), read_only: flag(3) });
const deviceSpec = message({ container_path: text(1), host_path: text(2), permissions: text(3) });
const cdiDevice = message({ name: text(1) });
const grant = message({
  envs: pairs(1),
  mounts: list(2, mount),
  devices: list(3, deviceSpec),
  cdi_devices: list(5, cdiDevice),
});

/** What a container gets with its devices. */
export type Grant = ReturnType<(typeof grant)["decode"]>;

export const plugin = {
  listAndWatch: {
    path: "/v1beta1.DevicePlugin/ListAndWatch",
    request: nothing,
    response: message({ devices: list(1, device) }),
  },
  prefer: {
    path: "/v1beta1.DevicePlugin/GetPreferredAllocation",
    request: message({ container_requests: list(1, preference) }),
    response: message({ container_responses: list(1, message({ ids: texts(1) })) }),
  },
  allocate: {
    path: "/v1beta1.DevicePlugin/Allocate",
    request: message({ container_requests: list(1, message({ ids: texts(1) })) }),
    response: message({ container_responses: list(1, grant) }),
  },
  preStart: {
    path: "/v1beta1.DevicePlugin/PreStartContainer",
    request: message({ ids: texts(1) }),
    response: nothing,
  },
};
