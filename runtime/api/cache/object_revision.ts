/**
 * One object at one revision: its bytes and its frozen value, each made at most once, shared by everybody.
 *
 * Whoever makes a revision out of an object gives the object away: it is frozen.
 */
import type { KubeObject, Stored } from "../../schema/mod.ts";
import { parse, serialise, spliceRevision } from "./serialise.ts";

export class ObjectRevision {
  #bytes: Uint8Array;
  /** The bytes are still as stored, without their resourceVersion or with an earlier one. */
  #asStored = false;
  #object?: Stored;
  #encodings?: Map<string, Uint8Array>;
  #versions?: Map<string, ObjectRevision>;

  /** `path`: below the storage prefix, `namespace/name` or `name`. `bytes`: JSON with this resourceVersion. */
  constructor(
    readonly path: string,
    readonly revision: number,
    bytes: Uint8Array,
    object?: KubeObject,
  ) {
    this.#bytes = bytes;
    if (object) this.#object = stamped(object, revision);
  }

  /** From what the store holds, and the object if the caller has it. */
  static ofStored(path: string, revision: number, value: Uint8Array, object?: KubeObject): ObjectRevision {
    const made = new ObjectRevision(path, revision, value, object);
    made.#asStored = true;
    return made;
  }

  /** JSON with this resourceVersion: made when first asked for, since readers of protobuf and loops never do. */
  get bytes(): Uint8Array {
    if (this.#asStored) this.#bytes = spliceRevision(this.#bytes, this.revision);
    this.#asStored = false;
    return this.#bytes;
  }

  /** What it keeps at least; about as much as its JSON has. */
  get byteLength(): number {
    return this.#bytes.length;
  }

  /** Frozen. */
  get object(): Stored {
    return this.#object ??= deepFreeze(parse(this.bytes)) as Stored;
  }

  /** The same object as of a later revision: what a DELETED event carries. */
  at(revision: number): ObjectRevision {
    return ObjectRevision.ofStored(this.path, revision, this.#bytes, this.#object);
  }

  /** The same revision in another version of its kind, made when first asked for. */
  inVersion(apiVersion: string, convert: (object: Stored) => KubeObject): ObjectRevision {
    this.#versions ??= new Map();
    const known = this.#versions.get(apiVersion);
    if (known) return known;
    const object = convert(this.object);
    const made = ObjectRevision.ofStored(this.path, this.revision, serialise(object), object);
    this.#versions.set(apiVersion, made);
    return made;
  }

  /** It is the past: what was made of its bytes goes, and is made again for whoever asks. */
  release(): void {
    this.#object = undefined;
    this.#encodings = undefined;
    this.#versions = undefined;
  }

  /** The same revision of another object. Takes the object. */
  withObject(object: KubeObject): ObjectRevision {
    return ObjectRevision.ofStored(this.path, this.revision, serialise(object), object);
  }

  /** Another form of it (protobuf, a table row), made when first asked for and kept as long as the revision. */
  encoding(name: string, make: () => Uint8Array): Uint8Array {
    this.#encodings ??= new Map();
    const known = this.#encodings.get(name);
    if (known) return known;
    const made = make();
    this.#encodings.set(name, made);
    return made;
  }
}

function stamped(object: KubeObject, revision: number): Stored {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return deepFreeze({ ...object, metadata }) as Stored;
}

/** Freezes what is not frozen yet; a frozen object is taken as frozen to its leaves. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const name in value) deepFreeze(value[name]);
  return value;
}
