/**
 * What must be the same however often a loop was killed: objects without what every run makes anew (uids, versions,
 * times, random names, addresses, tokens).
 */
import type { KubeObject, Stored } from "../../../runtime/schema/mod.ts";

const ownOfEveryRun = new Set([
  "uid",
  "resourceVersion",
  "managedFields",
  "generation",
  "observedGeneration",
  "creationTimestamp",
]);

const time = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const uid = /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const tokenVolume = /\bkube-api-access-\w+/g;
const podAddress = /\b10\.244\.\d+\.\d+\b/g;
/** A JWT, plain or in base64; a PEM in base64. */
const secret = /\b(eyJ|ZXlK|LS0tLS1CRUdJTi)[\w+/=.-]+/g;

/** One string an object, in order. */
export function sameState(objects: readonly Stored<unknown>[]): string[] {
  const generated = objects.flatMap(({ metadata: { generateName, name, uid } }) => [
    ...(generateName ? [[name, `${generateName}*`] as const] : []),
    // As the names of ResourceClaims end.
    [`-${uid.slice(0, 5)}`, "-uid"] as const,
  ]);
  const text = (object: Stored<unknown>) => {
    const { metadata, ...rest } = object as Stored<KubeObject>;
    const plain = JSON.stringify({ name: metadata.name, metadata, ...rest }, withoutOwn);
    const named = generated.reduce((said, [name, told]) => said.replaceAll(name, told), plain);
    return named.replace(time, "a time").replace(uid, "a uid").replace(tokenVolume, "a volume").replace(
      podAddress,
      "an address",
    ).replace(secret, "a secret");
  };
  return objects.map(text).sort();
}

function withoutOwn(key: string, value: unknown): unknown {
  if (ownOfEveryRun.has(key)) return undefined;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
