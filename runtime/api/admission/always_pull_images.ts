/**
 * AlwaysPullImages: every image is pulled with the credentials of the pod that names it, so that an image that is on the
 * node already is nobody's who may not pull it.
 */
import { groupResourceOf } from "../../schema/mod.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

interface Pulled {
  image?: string;
  reference?: string;
  imagePullPolicy?: string;
  pullPolicy?: string;
}

interface PodSpec {
  initContainers?: Pulled[];
  containers?: Pulled[];
  ephemeralContainers?: Pulled[];
  volumes?: { image?: Pulled }[];
}

interface Place {
  readonly holder: Pulled;
  readonly key: "imagePullPolicy" | "pullPolicy";
  readonly field: string;
}

const lists = ["initContainers", "containers", "ephemeralContainers"] as const;
const always = "Always";

export const alwaysPullImages: AdmissionPlugin = {
  name: "AlwaysPullImages",
  admit(request) {
    for (const { holder, key } of placesIn(request)) holder[key] = always;
  },
  validate(request) {
    const wrong = placesIn(request).filter(({ holder, key }) => holder[key] !== always);
    if (wrong.length === 0) return;
    const words = wrong.map(({ holder, key, field }) =>
      `${field}: Unsupported value: ${JSON.stringify(holder[key] ?? "")}: supported values: "${always}"`
    );
    throw forbidden(request.resource, request.name, words.length === 1 ? words[0]! : `[${words.join(", ")}]`);
  },
};

/** Ephemeral containers are written through a subresource, and they pull as well. */
function placesIn({ resource, operation, subresource, object, old }: AdmissionRequest): readonly Place[] {
  if (groupResourceOf(resource) !== "pods" || operation !== "CREATE" && operation !== "UPDATE") return [];
  if (subresource && subresource !== "ephemeralcontainers") return [];
  const spec = object?.spec as PodSpec | undefined;
  if (!spec) return [];
  // What ran before the plugin was on cannot be changed any more: only new images are looked at.
  const known = new Set(places(old?.spec as PodSpec | undefined).map(imageOf));
  return places(spec).filter((place) => !known.has(imageOf(place)));
}

function places(spec: PodSpec = {}): Place[] {
  const containers = lists.flatMap((list) =>
    (spec[list] ?? []).map((holder, i): Place => ({
      holder,
      key: "imagePullPolicy",
      field: `spec.${list}[${i}].imagePullPolicy`,
    }))
  );
  const volumes = (spec.volumes ?? []).flatMap(({ image }, i): Place[] =>
    image ? [{ holder: image, key: "pullPolicy", field: `spec.volumes[${i}].image.pullPolicy` }] : []
  );
  return [...containers, ...volumes];
}

function imageOf({ holder, field }: Place): string {
  return `${field} ${holder.image ?? holder.reference}`;
}
