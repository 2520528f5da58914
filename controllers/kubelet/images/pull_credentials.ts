/**
 * Who may pull an image: the entries of the pod's `imagePullSecrets` that are about its registry, most specific first. Pure.
 *
 * Source: Kubernetes documentation, "Images", "Interpretation of config.json": hosts, globs in host labels, path prefixes.
 */
import type { PullCredentials } from "../../../runtime/engine/mod.ts";

/** A Secret as far as it matters here; data is base64. */
export interface PullSecret {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

interface Entry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
}

const dockerHub = "index.docker.io";

export function credentialsFor(image: string, secrets: readonly PullSecret[]): PullCredentials[] {
  const entries = secrets.flatMap((secret) => Object.entries(entriesOf(secret)));
  const name = fullName(image);
  return entries.filter(([server]) => covers(placeOf(server), name))
    .sort(([a], [b]) => placeOf(b).length - placeOf(a).length)
    .flatMap(([server, entry]) => credentialsOf(server, entry) ?? []);
}

/** What can't be read names nobody. */
function entriesOf({ type, data = {} }: PullSecret): Record<string, Entry> {
  const text = type === "kubernetes.io/dockercfg" ? data[".dockercfg"] : data[".dockerconfigjson"];
  try {
    const parsed = JSON.parse(decode(text ?? "")) as Record<string, unknown>;
    return (type === "kubernetes.io/dockercfg" ? parsed : parsed.auths ?? {}) as Record<string, Entry>;
  } catch {
    return {};
  }
}

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(base64));
}

/** `registry/path`: names without a host are Docker Hub's, and its own when they have no path either. */
function fullName(image: string): string {
  const bare = image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  const [first = "", ...rest] = bare.split("/");
  if (rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost")) {
    return first === "docker.io" ? `${dockerHub}/${rest.join("/")}` : bare;
  }
  return rest.length > 0 ? `${dockerHub}/${bare}` : `${dockerHub}/library/${bare}`;
}

/** Without scheme, version and final slash, which old files carry. */
function placeOf(server: string): string {
  const place = server.replace(/^https?:\/\//, "").replace(/\/$/, "").replace(/\/v[12]$/, "");
  return place === "docker.io" ? dockerHub : place;
}

/** Labels of the host may be globs; a path covers what is below it. */
function covers(place: string, name: string): boolean {
  const [host = "", ...path] = place.split("/");
  const [imageHost = "", ...imagePath] = name.split("/");
  const [labels, imageLabels] = [host.split("."), imageHost.split(".")];
  return labels.length === imageLabels.length &&
    labels.every((label, i) => isGlobOf(label, imageLabels[i]!)) &&
    path.every((part, i) => part === imagePath[i]);
}

function isGlobOf(glob: string, label: string): boolean {
  const parts = glob.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^.]*")}$`).test(label);
}

function credentialsOf(server: string, { auth, username, password }: Entry): PullCredentials | undefined {
  if (username && password) return { server, username, password };
  if (!auth) return undefined;
  const [, name, word] = /^([^:]*):(.*)$/s.exec(safeDecode(auth)) ?? [];
  return name && word !== undefined ? { server, username: name, password: word } : undefined;
}

function safeDecode(base64: string): string {
  try {
    return decode(base64);
  } catch {
    return "";
  }
}
