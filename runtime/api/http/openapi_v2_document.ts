/**
 * `/openapi/v2`: one document of thousands of kinds, made of parts. All that is built in is one part, each other kind and each
 * server behind this one another.
 *
 * Laws: a part is encoded once as long as its kind stays as it is; making the document never holds up other requests for longer
 * than a slice and the largest part.
 */
import type { Resource } from "../../schema/mod.ts";
import { entityTag } from "../discovery/mod.ts";
import {
  besides,
  type Describe,
  type EncodedPart,
  type OpenApiV2Form,
  openApiV2Json,
  type OpenApiV2Part,
  openApiV2Part,
  openApiV2Protobuf,
} from "../openapi/mod.ts";
import type { Connection } from "../connection.ts";
import { answer } from "./answer.ts";
import { documentHeaders, type Documents } from "./documents.ts";
import { concat } from "./json_bytes.ts";
import { streamParts } from "./list_stream.ts";
import { acceptedForm, noSuchForm } from "./openapi_documents.ts";

const sliceMs = 10;

interface Kept extends EncodedPart {
  readonly tag: string;
}

/** A part that can be made; `key` is another one when its content is. */
interface Unit {
  readonly key: object;
  make(): OpenApiV2Part;
}

export interface OpenApiV2Source {
  readonly documents: Pick<Documents, "rows">;
  readonly describe: Describe;
  /** What servers behind this one say, by the documents that they said it in. */
  readonly remote: () => ReadonlyMap<object, OpenApiV2Part>;
}

export class OpenApiV2Document {
  readonly #kept = new Map<OpenApiV2Form, WeakMap<object, Kept>>();
  #builtin?: { readonly rows: readonly Resource[]; readonly names: ReadonlySet<string> };

  constructor(private readonly source: OpenApiV2Source) {}

  /** As protobuf for clients that ask for it: kubectl up to 1.26 reads nothing else. */
  async answer(request: Request, { outgoing }: Connection = {}): Promise<Response> {
    const accepted = acceptedForm(request, "v2");
    if (!accepted) return noSuchForm();
    const form = accepted === "protobuf" ? openApiV2Protobuf : openApiV2Json;
    const parts = await this.#parts(form);
    const headers = documentHeaders(entityTag(parts.map((part) => part.tag).join()));
    if (request.headers.get("if-none-match") === headers.etag) return new Response(null, { status: 304, headers });
    // Go cannot parse the "@" of the media type that it asks for, so the answer is named otherwise.
    const contentType = form.contentType.replace("@", ".");
    const pieces = form.join(parts);
    if (!outgoing) return answer(concat(pieces), contentType, 200, headers);
    return await streamParts(outgoing, pieces, contentType, headers);
  }

  async #parts(form: OpenApiV2Form): Promise<readonly Kept[]> {
    const parts: Kept[] = [];
    let since = performance.now();
    for (const unit of this.#units()) {
      parts.push(this.#encoded(form, unit));
      if (performance.now() - since < sliceMs) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      since = performance.now();
    }
    return parts;
  }

  #encoded(form: OpenApiV2Form, { key, make }: Unit): Kept {
    let kept = this.#kept.get(form);
    if (!kept) this.#kept.set(form, kept = new WeakMap());
    const known = kept.get(key);
    if (known) return known;
    const { paths, definitions } = form.encode(make());
    const made = { paths, definitions, tag: entityTag(paths) + entityTag(definitions) };
    kept.set(key, made);
    return made;
  }

  /** Of this moment. */
  #units(): readonly Unit[] {
    const { describe, documents, remote } = this.source;
    const rows = documents.rows();
    const custom = rows.filter(({ type }) => type.name === "");
    const { names, unit } = this.#builtinUnit(rows.filter(({ type }) => type.name !== ""));
    return [
      unit,
      ...custom.map((row) => ({ key: row, make: () => besides(names, openApiV2Part([row], describe)) })),
      ...[...remote()].map(([key, part]) => ({ key, make: () => besides(names, part) })),
    ];
  }

  /** Of what is built in, only the names of its definitions are kept. */
  #builtinUnit(rows: readonly Resource[]): { readonly names: ReadonlySet<string>; readonly unit: Unit } {
    const make = () => openApiV2Part(rows, this.source.describe);
    const known = this.#builtin;
    if (known && known.rows.length === rows.length && known.rows.every((row, at) => row === rows[at])) {
      return { names: known.names, unit: { key: known, make } };
    }
    const part = make();
    const names = new Set(Object.keys(part.definitions));
    const key = this.#builtin = { rows, names };
    return { names, unit: { key, make: () => part } };
  }
}
