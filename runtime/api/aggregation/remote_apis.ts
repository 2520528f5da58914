/**
 * The group versions that other servers serve behind this one: what APIServices say, and what those servers were last heard
 * to have. Kept by the watch cache; asking about a path costs a lookup, and nothing at all while there are none.
 */
import type { Json, Resource, Stored } from "../../schema/mod.ts";
import type { WatchCache } from "../cache/mod.ts";
import type { ServiceReference } from "./service_target.ts";

export interface ApiService extends Stored {
  spec: {
    group?: string;
    version?: string;
    /** Absent: served by this server itself. */
    service?: ServiceReference;
    /** Base64 of PEM. */
    caBundle?: string;
    insecureSkipTLSVerify?: boolean;
    groupPriorityMinimum?: number;
    versionPriority?: number;
  };
  status?: { conditions?: Condition[] };
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** What another server told of itself. */
export interface Heard {
  readonly rows: readonly Resource[];
  /** Its OpenAPI v2 document, and the path of its v3 document with the hash of what it says. */
  readonly openApiV2?: Json;
  readonly openApiV3?: string;
}

const openApiRoot = /^\/openapi\/v3\//;

export class RemoteApis {
  readonly #services = new Map<string, ApiService>();
  readonly #heard = new Map<string, Heard>();
  #revision = 0;
  readonly #listeners = new Set<(name: string) => void>();
  readonly #watch: Disposable;

  constructor(cache: WatchCache) {
    const sink = {
      event: (type: string, { object }: { object: Stored }) => this.#changed(type, object as ApiService),
      bookmark: () => {},
      closed: () => {},
    };
    const resource = cache.resource("/registry/apiregistration.k8s.io/apiservices");
    this.#watch = resource.watch({ selection: { folder: "" }, sink, bookmarks: false }, 0);
  }

  /** No other server is known. */
  get empty(): boolean {
    return this.#services.size === 0;
  }

  /** The one that serves a path; `undefined`: this server itself. */
  find(pathname: string): ApiService | undefined {
    if (this.empty) return undefined;
    const [, root, group = "", version = ""] = pathname.replace(openApiRoot, "/").split("/", 4);
    return root === "apis" ? this.#services.get(`${version}.${group}`) : undefined;
  }

  /** By name, `v1alpha1.wardle.example.com`. */
  get(name: string): ApiService | undefined {
    return this.#services.get(name);
  }

  all(): Iterable<ApiService> {
    return this.#services.values();
  }

  /** Rows of what the others serve, for discovery alone. */
  rows(): readonly Resource[] {
    return [...this.#heard.values()].flatMap(({ rows }) => rows);
  }

  heard(): ReadonlyMap<string, Heard> {
    return this.#heard;
  }

  /** Grows with each change of what the others serve. */
  get revision(): number {
    return this.#revision;
  }

  /** `undefined`: it is not there any more. */
  hear(name: string, heard: Heard | undefined): void {
    if (!heard && !this.#heard.has(name)) return;
    if (heard) this.#heard.set(name, heard);
    else this.#heard.delete(name);
    this.#revision++;
  }

  /** Told the name of each APIService of another server that comes, changes or goes. */
  onChange(listener: (name: string) => void): void {
    this.#listeners.add(listener);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  #changed(type: string, object: ApiService): void {
    const { name } = object.metadata;
    const known = this.#services.delete(name);
    const remote = type !== "DELETED" && object.spec.service !== undefined;
    if (remote) this.#services.set(name, object);
    else if (known) this.hear(name, undefined);
    if (remote || known) { for (const listener of this.#listeners) listener(name); }
  }
}
