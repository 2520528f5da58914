/** POST of a Binding to the collection `bindings`: as to `pods/NAME/binding`, with the name in the body. */
import { badRequest } from "../objects/refusals.ts";
import { answer } from "./answer.ts";
import { type Exchange, writeCallOf } from "./exchange.ts";
import { bodyObject } from "./object_routes.ts";

export async function bindingRoute(exchange: Exchange): Promise<Response> {
  const { operations, path, encoding, registry } = exchange;
  const { object, duplicates } = await bodyObject(exchange);
  const name = object.metadata?.name;
  const pods = registry.find("", "v1", "pods");
  if (!name || !pods) throw badRequest("metadata.name: Required value: the name of the pod");
  const call = writeCallOf(exchange, "CreateOptions", duplicates);
  const made = await operations.post({ resource: pods, namespace: path.namespace, name }, "binding", object, call);
  return answer(encoding.value(made), encoding.contentType, 201);
}
