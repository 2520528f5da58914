/** The checks that the level `restricted` adds: what a hardened pod must say of itself. Words as in `baseline.ts`. */
import { type Check, procMount } from "./baseline.ts";
import {
  containersOf,
  isOwnUser,
  many,
  type Pod,
  type PodSpec,
  quoted,
  type SecurityContext,
  setters,
  those,
} from "./pod.ts";

const volumeSources = new Set([
  ...["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"],
]);

export const restricted: readonly Check[] = [
  {
    id: "allowPrivilegeEscalation",
    since: 8,
    find({ spec }, minor) {
      if (isWindows(spec, minor)) return undefined;
      const names = those(spec, ({ allowPrivilegeEscalation }) => allowPrivilegeEscalation !== false);
      if (names.length === 0) return undefined;
      const must = "must set securityContext.allowPrivilegeEscalation=false";
      return `allowPrivilegeEscalation != false (${many("container", names)} ${must})`;
    },
  },
  { id: "capabilities_restricted", since: 22, replaces: "capabilities_baseline", find: capabilities },
  { id: "procMount_restricted", since: 35, replaces: "procMount", find: procMount },
  {
    id: "restrictedVolumes",
    since: 0,
    replaces: "hostPathVolumes",
    find({ spec: { volumes = [] } }) {
      const sourceOf = (volume: object) => Object.keys(volume).find((field) => field !== "name") ?? "unknown";
      const found = volumes.filter((volume) => !volumeSources.has(sourceOf(volume)));
      if (found.length === 0) return undefined;
      const types = [...new Set(found.map(sourceOf))].sort();
      const uses = `${found.length === 1 ? "uses" : "use"} restricted volume type${types.length === 1 ? "" : "s"}`;
      return `restricted volume types (${many("volume", found.map(({ name }) => name))} ${uses} ${quoted(types)})`;
    },
  },
  {
    id: "runAsNonRoot",
    since: 0,
    find(pod, minor) {
      if (isOwnUser(pod, minor)) return undefined;
      const { spec } = pod;
      const must = "securityContext.runAsNonRoot=true";
      const who = unset(spec, ({ runAsNonRoot }) => runAsNonRoot, (value) => value === true);
      return who && `runAsNonRoot != true (${said(who, must, "securityContext.runAsNonRoot=false")})`;
    },
  },
  {
    id: "runAsUser",
    since: 23,
    find(pod, minor) {
      const who = isOwnUser(pod, minor) ? undefined : setters(pod.spec, ({ runAsUser }) => runAsUser === 0);
      return who && `runAsUser=0 (${who} must not set runAsUser=0)`;
    },
  },
  {
    id: "seccompProfile_restricted",
    since: 19,
    replaces: "seccompProfile_baseline",
    find({ spec }, minor) {
      if (isWindows(spec, minor)) return undefined;
      const good = (type: string) => type === "RuntimeDefault" || type === "Localhost";
      const who = unset(spec, ({ seccompProfile }) => seccompProfile?.type, good);
      const must = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
      return who && `seccompProfile (${said(who, must, 'securityContext.seccompProfile.type to "Unconfined"')})`;
    },
  },
];

function isWindows({ os }: PodSpec, minor: number): boolean {
  return minor >= 25 && os?.name === "windows";
}

interface Unset {
  /** Who says something wrong. */
  readonly wrong: readonly string[];
  /** Containers that say nothing, where the pod does not say it for them. */
  readonly silent: readonly string[];
}

/** A pod's word holds for the containers that say nothing. */
function unset<T>(
  spec: PodSpec,
  of: (context: SecurityContext) => T | undefined,
  good: (value: T) => boolean,
): Unset | undefined {
  const pod = of(spec.securityContext ?? {});
  const bad = (value: T | undefined) => value !== undefined && !good(value);
  const names = those(spec, (context) => bad(of(context)));
  const wrong = [...(bad(pod) ? ["pod"] : []), ...(names.length > 0 ? [many("container", names)] : [])];
  const silent = pod === undefined ? those(spec, (context) => of(context) === undefined) : [];
  return wrong.length + silent.length > 0 ? { wrong, silent } : undefined;
}

function said({ wrong, silent }: Unset, must: string, mustNot: string): string {
  return [
    ...(wrong.length > 0 ? [`${wrong.join(" and ")} must not set ${mustNot}`] : []),
    ...(silent.length > 0 ? [`pod or ${many("container", silent)} must set ${must}`] : []),
  ].join("; ");
}

function capabilities({ spec }: Pod, minor: number): string | undefined {
  if (isWindows(spec, minor)) return undefined;
  const keeping = those(spec, ({ capabilities }) => !capabilities?.drop?.includes("ALL"));
  const more = ({ capabilities }: SecurityContext) =>
    (capabilities?.add ?? []).filter((name) => name !== "NET_BIND_SERVICE");
  const adding = those(spec, (context) => more(context).length > 0);
  const names = containersOf(spec).flatMap(({ securityContext }) => more(securityContext ?? {}));
  const parts = [
    ...(keeping.length > 0 ? [`${many("container", keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [
        `${many("container", adding)} must not include ${quoted([...new Set(names)].sort())} ` +
        `in securityContext.capabilities.add`,
      ]
      : []),
  ];
  return parts.length > 0 ? `unrestricted capabilities (${parts.join("; ")})` : undefined;
}
