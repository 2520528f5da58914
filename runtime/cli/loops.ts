/** What the command line is given by mod.ts: the loops themselves live in rooms that this one may not import. */
import type { Api } from "../api/mod.ts";
import type { Pki } from "../auth/mod.ts";
import type { Engine } from "../engine/mod.ts";
import type { Client, Controller } from "../loop/mod.ts";
import type { Kind } from "../schema/mod.ts";
import type { FileView } from "./folder_applied.ts";
import type { Settings } from "./settings.ts";

export interface MasterParts {
  readonly settings: Settings;
  /** As it is now: it changes while the loops run. */
  readonly pki: Pki;
  onRenewed(tell: () => void): Disposable;
  readonly api: Api;
  readonly client: Client;
  /** Folders that are applied, watched and repaired. */
  readonly manifests: readonly string[];
  readonly signal: AbortSignal;
}

/** PEM texts that a node shows and trusts. */
export interface NodeCredentials {
  readonly ca: string;
  readonly serving: { readonly key: string; readonly cert: string };
}

export interface NodeParts {
  readonly settings: Settings;
  readonly credentials: NodeCredentials;
  readonly client: Client;
  readonly engine: Engine;
  readonly signal: AbortSignal;
}

export interface Loops {
  /** `0.1.0` */
  readonly version: string;
  /** `v1.36.0` */
  readonly kubernetesVersion: string;
  /** Its objects stand for the files of the manifests folders. */
  readonly manifestFiles: Kind<FileView>;
  /** The folder that `up` applies when none is named. */
  readonly exampleManifests: string;
  master(parts: MasterParts): Promise<readonly Controller[]>;
  node(parts: NodeParts): Promise<readonly Controller[]>;
  /** Takes away what the node loops made in the world: containers, rules, bridge, mounts. Says what, a line each. */
  undoNode(parts: { readonly settings: Settings; readonly engine: Engine }): AsyncIterable<string>;
}
