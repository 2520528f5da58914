/** The few types that the tests of patches and managed fields need, small enough to see at a glance. */
import type { FieldNode, Json, ListNode, ScalarNode, StructNode, TypeNode } from "../../runtime/schema/mod.ts";

export const text: ScalarNode = { type: "string" };
export const int: ScalarNode = { type: "int32" };
export const any: TypeNode = { type: "any", embeddedResource: false };

interface FieldRules {
  readonly default?: Json;
  readonly patchStrategy?: readonly string[];
  readonly patchMergeKey?: string;
}

export function field(name: string, type: TypeNode, rules: FieldRules = {}): FieldNode {
  return { name, type, required: false, nullable: false, patchStrategy: [], pointer: false, ...rules };
}

export function struct(name: string, ...fields: FieldNode[]): StructNode {
  const entries = fields.map((node) => [node.name, node] as const);
  return { type: "struct", name, fields: new Map(entries), atomic: false, preserveUnknown: false };
}

export function list(items: TypeNode, listType: ListNode["listType"] = "atomic", ...keys: string[]): ListNode {
  return { type: "list", items, listType, keys };
}

export function map(values: TypeNode, atomic = false): TypeNode {
  return { type: "map", values, atomic };
}

const merged = (patchMergeKey?: string): FieldRules => ({ patchStrategy: ["merge"], patchMergeKey });

const meta = struct(
  "meta/v1.ObjectMeta",
  field("name", text),
  field("namespace", text),
  field("uid", text),
  field("resourceVersion", text),
  field("labels", map(text)),
  field("annotations", map(text)),
  field("finalizers", list(text, "set"), merged()),
  field("managedFields", list(any)),
);

const port = struct(
  "core/v1.ContainerPort",
  field("containerPort", int),
  field("protocol", text, { default: "TCP" }),
  field("name", text),
);

const container = struct(
  "core/v1.Container",
  field("name", text),
  field("image", text),
  field("args", list(text)),
  field("ports", list(port, "map", "containerPort", "protocol"), merged("containerPort")),
  field("resources", struct("core/v1.ResourceRequirements", field("limits", map({ type: "quantity" })))),
);

const podSpec = struct(
  "core/v1.PodSpec",
  field("containers", list(container, "map", "name"), merged("name")),
  field("nodeSelector", map(text, true)),
  field("restartPolicy", text),
);

const template = struct("core/v1.PodTemplateSpec", field("metadata", meta), field("spec", podSpec));

const spec = struct(
  "apps/v1.DeploymentSpec",
  field("replicas", int),
  field("selector", { ...struct("meta/v1.LabelSelector", field("matchLabels", map(text))), atomic: true }),
  field("template", template),
);

export const deployment: StructNode = struct(
  "apps/v1.Deployment",
  field("apiVersion", text),
  field("kind", text),
  field("metadata", meta),
  field("spec", spec),
  field("status", struct("apps/v1.DeploymentStatus", field("replicas", int), field("readyReplicas", int))),
);
