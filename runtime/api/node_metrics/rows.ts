/**
 * `metrics.k8s.io/v1beta1`, which `kubectl top` and autoscalers read: what nodes and pods use now. Asked of the kubelets for
 * each request, never stored.
 */
import { builtinResources, type Resource } from "../../schema/mod.ts";
import { rowsOf } from "../custom_resources/rows.ts";

const usage = {
  type: "object",
  additionalProperties: { "x-kubernetes-int-or-string": true },
} as const;

const times = { timestamp: { type: "string", format: "date-time" }, window: { type: "string" } } as const;

const containers = {
  type: "array",
  items: { type: "object", properties: { name: { type: "string" }, usage } },
} as const;

export const nodeMetricsRows: readonly Resource[] = [
  rowFor("NodeMetrics", "nodes", "Cluster", { ...times, usage }),
  rowFor("PodMetrics", "pods", "Namespaced", { ...times, containers }),
];

function rowFor(kind: string, plural: string, scope: string, properties: object): Resource {
  const metadata = builtinResources[0]!.type.fields.get("metadata")!.type;
  const schema = { openAPIV3Schema: { type: "object", properties } };
  const [row] = rowsOf({
    group: "metrics.k8s.io",
    scope,
    names: { kind, plural, singular: "" },
    versions: [{ name: "v1beta1", served: true, storage: false, schema: schema as never }],
  }, { metadata, ending: () => false });
  return { ...row!, verbs: ["get", "list"] };
}
