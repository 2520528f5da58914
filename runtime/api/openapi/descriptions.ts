/**
 * Descriptions of the built-in types, read from the declarations of the installed `kubernetes-models` package: the first time
 * a document needs a type, one small file is read. Where the package isn't there as files (a compiled binary), documents
 * come without descriptions.
 */
import { createRequire } from "node:module";

export interface TypeDescription {
  readonly description: string;
  readonly fields: ReadonlyMap<string, { readonly description: string; readonly required: boolean }>;
}

/** By struct name, such as `core/v1.PodSpec`. */
export type Describe = (structName: string) => TypeDescription | undefined;

/** Groups whose folder isn't the package's own name. */
const folders: Readonly<Record<string, string>> = {
  admissionregistration: "admissionregistration.k8s.io/",
  apiextensions: "apiextensions.k8s.io/",
  apiregistration: "apiregistration.k8s.io/",
  authentication: "authentication.k8s.io/",
  authorization: "authorization.k8s.io/",
  certificates: "certificates.k8s.io/",
  coordination: "coordination.k8s.io/",
  core: "",
  discovery: "discovery.k8s.io/",
  events: "events.k8s.io/",
  flowcontrol: "flowcontrol.apiserver.k8s.io/",
  networking: "networking.k8s.io/",
  node: "node.k8s.io/",
  rbac: "rbac.authorization.k8s.io/",
  resource: "resource.k8s.io/",
  scheduling: "scheduling.k8s.io/",
  storage: "storage.k8s.io/",
};

/** Remembers what it has read. */
export function installedDescriptions(): Describe {
  const known = new Map<string, TypeDescription | undefined>();
  const roots = packageFolders();
  return (structName) => {
    if (!known.has(structName)) known.set(structName, roots && read(structName, roots));
    return known.get(structName);
  };
}

interface PackageFolders {
  readonly models: URL;
  readonly machinery: URL;
}

function packageFolders(): PackageFolders | undefined {
  try {
    const pod = import.meta.resolve("kubernetes-models/v1/Pod");
    const machinery = createRequire(pod).resolve("@kubernetes-models/apimachinery/package.json");
    return { models: new URL("../", pod), machinery: new URL("./", `file://${machinery}`) };
  } catch {
    return undefined;
  }
}

function read(structName: string, { models, machinery }: PackageFolders): TypeDescription | undefined {
  const [path = "", name = ""] = structName.split(".");
  const [group = "", version = ""] = path.split("/");
  const file = group === "meta"
    ? new URL(`apis/meta/${version}/${name}.d.ts`, machinery)
    : new URL(`${folders[group] ?? `${group}/`}${version}/${name}.d.ts`, models);
  try {
    return parseDeclaration(Deno.readTextFileSync(file));
  } catch {
    return undefined;
  }
}

/** Reads the interface of a declaration file; what follows it repeats it as a class. */
export function parseDeclaration(text: string): TypeDescription {
  const start = text.indexOf("export interface");
  const end = text.indexOf("export declare class", start);
  const head = text.slice(0, start);
  const comment = head.lastIndexOf("/**");
  const body = text.slice(start, end < 0 ? undefined : end);
  const fields = new Map<string, { description: string; required: boolean }>();
  for (const match of body.matchAll(/(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*)?"([^"]+)"(\??):/g)) {
    const [, lines = "", name = "", optional] = match;
    fields.set(name, { description: plainText(lines), required: optional === "" });
  }
  return { description: comment < 0 ? "" : plainText(head.slice(comment + 3, head.lastIndexOf("*/"))), fields };
}

function plainText(comment: string): string {
  return comment.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd()).join("\n").trim();
}
