/** Which part of an object each subresource writes, as lenses: read it from what came, write it over what is stored. */
import type { KubeObject } from "../object.ts";

export interface Part {
  readonly read: (object: KubeObject) => unknown;
  readonly write: (object: KubeObject, value: unknown) => void;
}

type Struct = Record<string, unknown>;

function partAt(...path: string[]): Part {
  const last = path.at(-1)!;
  const above = path.slice(0, -1);
  return {
    read: (object) => (above.reduce<unknown>(step, object) as Struct | undefined)?.[last],
    write: (object, value) => {
      const holder = above.reduce<Struct>((at, name) => (at[name] ??= {}) as Struct, object);
      if (value === undefined) delete holder[last];
      else holder[last] = value;
    },
  };
}

function step(at: unknown, name: string): unknown {
  return (at as Struct | undefined)?.[name];
}

/** Resources and resize policy of containers, matched by name; nothing else of a pod's spec may be resized. */
function resourcesOf(list: string): Part {
  const containers = (object: KubeObject) => ((object.spec as Struct | undefined)?.[list] ?? []) as Struct[];
  return {
    read: (object) => new Map(containers(object).map((one) => [one.name, one])),
    write: (object, value) => {
      for (const container of containers(object)) {
        const asked = (value as Map<unknown, Struct>).get(container.name);
        if (asked) Object.assign(container, { resources: asked.resources ?? {} });
        if (asked?.resizePolicy) container.resizePolicy = asked.resizePolicy;
      }
    },
  };
}

const parts: Readonly<Record<string, readonly Part[]>> = {
  status: [partAt("status")],
  approval: [partAt("status", "conditions")],
  finalize: [partAt("spec", "finalizers")],
  ephemeralcontainers: [partAt("spec", "ephemeralContainers")],
  resize: [resourcesOf("containers"), resourcesOf("initContainers"), partAt("spec", "resources")],
};

/** What is written through that path; a path that is not known writes the status. */
export function subresourceParts(subresource: string): readonly Part[] {
  return parts[subresource] ?? [partAt("status")];
}
