/** What the API server says about a CustomResourceDefinition: whether its names are free, and that it is served. */
import type { Resource, Stored } from "../../schema/mod.ts";
import { timestamp } from "../objects/machinery.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import { approvalOf } from "./approval.ts";
import type { DefinitionSpec } from "./rows.ts";

export type Acceptance = { readonly ok: true } | {
  readonly ok: false;
  readonly reason: string;
  readonly message: string;
};

/** Names must not be those of another kind of the group. `own`: rows that the definition has already. */
export function acceptance(registry: ResourceRegistry, spec: DefinitionSpec, own: readonly Resource[]): Acceptance {
  const { group, names } = spec;
  const others = registry.inGroup(group).filter((row) => row.plural !== names.plural && !own.includes(row));
  const taken = (name: string) =>
    others.some(({ plural, singular, shortNames }) =>
      plural === name || singular === name || shortNames.includes(name)
    );
  const inUse = (reason: string, name: string): Acceptance => ({
    ok: false,
    reason,
    message: `${JSON.stringify(name)} is already in use`,
  });
  if (taken(names.plural)) return inUse("PluralConflict", names.plural);
  if (names.singular && taken(names.singular)) return inUse("SingularConflict", names.singular);
  const short = names.shortNames?.find(taken);
  if (short) return inUse("ShortNamesConflict", short);
  const kindTaken = (name: string) => others.some(({ kind, listKind }) => kind === name || listKind === name);
  if (kindTaken(names.kind)) return inUse("KindConflict", names.kind);
  if (names.listKind && kindTaken(names.listKind)) return inUse("ListKindConflict", names.listKind);
  return { ok: true };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime?: string;
}

interface Status {
  conditions?: Condition[];
  acceptedNames?: unknown;
  storedVersions?: string[];
}

export function statusOf(object: Stored, spec: DefinitionSpec, accepted: Acceptance, nowMs: number): Status {
  const old = (object.status ?? {}) as Status;
  const approval = approvalOf(spec.group, object);
  const names = accepted.ok ? wellConditions : refusedConditions(accepted);
  const wanted: readonly Condition[] = approval ? [...names, approval] : names;
  const mine = new Set(wanted.map(({ type }) => type));
  const others = (old.conditions ?? []).filter(({ type }) => !mine.has(type));
  const storage = spec.versions.find(({ storage }) => storage)?.name;
  return {
    ...old,
    conditions: [...wanted.map((condition) => settled(condition, old, nowMs)), ...others],
    acceptedNames: accepted.ok ? acceptedNames(spec) : old.acceptedNames ?? { plural: "", kind: "" },
    storedVersions: [...new Set([...old.storedVersions ?? [], ...storage ? [storage] : []])],
  };
}

function acceptedNames({ names }: DefinitionSpec) {
  const singular = names.singular ?? names.kind.toLowerCase();
  return { ...names, singular, listKind: names.listKind ?? `${names.kind}List` };
}

const wellConditions: readonly Condition[] = [
  { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
  {
    type: "Established",
    status: "True",
    reason: "InitialNamesAccepted",
    message: "the initial names have been accepted",
  },
];

function refusedConditions({ reason, message }: Acceptance & { ok: false }): readonly Condition[] {
  return [
    { type: "NamesAccepted", status: "False", reason, message },
    { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
  ];
}

const endings = {
  begun: {
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionInProgress",
    message: "CustomResource deletion is in progress",
  },
  done: {
    type: "Terminating",
    status: "False",
    reason: "InstanceDeletionCompleted",
    message: "removed all instances",
  },
} as const;

/** What is said while its objects are removed, and when none is left. */
export function endingStatus(object: Stored, ending: keyof typeof endings, nowMs: number): Status {
  const old = (object.status ?? {}) as Status;
  const others = (old.conditions ?? []).filter(({ type }) => type !== "Terminating");
  return { ...old, conditions: [...others, settled(endings[ending], old, nowMs)] };
}

/** The time of a condition is that of its last change. */
function settled(condition: Condition, { conditions = [] }: Status, nowMs: number): Condition {
  const before = conditions.find(({ type }) => type === condition.type);
  const same = before?.status === condition.status;
  const lastTransitionTime = same ? before?.lastTransitionTime : undefined;
  return { ...condition, lastTransitionTime: lastTransitionTime ?? timestamp(nowMs) };
}
