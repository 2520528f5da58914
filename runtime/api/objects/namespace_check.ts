/** A namespaced object needs a namespace that is there and is not going away. */
import { notFound, type Resource, type Stored } from "../../schema/mod.ts";
import { type Machinery } from "./machinery.ts";
import { forbidden } from "./refusals.ts";

const namespaces = { group: "", plural: "namespaces" };

/** Throws NotFound or Forbidden in upstream's words. */
export async function checkNamespace(m: Machinery, resource: Resource, namespace: string, name: string): Promise<void> {
  if (!resource.namespaced) return;
  const found = m.view.get("", "namespaces", "", namespace) ?? await lookAgain(m, namespace);
  if (!found) throw notFound(namespaces, namespace);
  if (!found.metadata.deletionTimestamp) return;
  throw forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      causes: [{
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      }],
    },
  );
}

/** Another API server may have made it a moment ago. */
async function lookAgain(m: Machinery, namespace: string): Promise<Stored | undefined> {
  await m.cache.fresh();
  return m.view.get("", "namespaces", "", namespace);
}
