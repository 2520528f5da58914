/** `url("https://example.com:80/path?k=v").getHost()`. */
import { EvaluationError } from "../issue.ts";
import { overloads } from "../overload.ts";
import { MapValue, Opaque } from "../value.ts";

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

class UrlValue extends Opaque {
  override readonly typeName = "kubernetes.URL";

  constructor(readonly text: string, readonly parts: Parts) {
    super();
  }

  override equals(other: Opaque): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

const shape = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:[^@/?#]*@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/;

/** An absolute URI or an absolute path; `undefined`: neither. */
function tryUrl(text: string): UrlValue | undefined {
  const [whole, scheme = "", host = "", path = "", query = ""] = shape.exec(text) ?? [];
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (!whole || /[\x00-\x20\x7f]/.test(text) || scheme === "" && !path.startsWith("/")) return undefined;
  if (!/^(\[[0-9A-Fa-f:.%]+\]|[^:[\]]*)(:\d*)?$/.test(host) || /%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
  return new UrlValue(text, { scheme: scheme.toLowerCase(), host, path, query });
}

function parseUrl(text: string): UrlValue {
  const found = tryUrl(text);
  if (!found) throw new EvaluationError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}`);
  return found;
}

function hostName({ parts: { host } }: UrlValue): string {
  return host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
}

function queryMap({ parts: { query } }: UrlValue): MapValue {
  const found = new URLSearchParams(query);
  return MapValue.of([...new Set(found.keys())].map((key) => [key, found.getAll(key)]));
}

export const urlFunctions = overloads({
  "url(string): kubernetes.URL": parseUrl,
  "isURL(string): bool": (text: string) => tryUrl(text) !== undefined,
  "kubernetes.URL.getScheme(): string": ({ parts }: UrlValue) => parts.scheme,
  "kubernetes.URL.getHost(): string": ({ parts }: UrlValue) => parts.host,
  "kubernetes.URL.getHostname(): string": hostName,
  "kubernetes.URL.getPort(): string": ({ parts }: UrlValue) => /:(\d*)$/.exec(parts.host)?.[1] ?? "",
  "kubernetes.URL.getEscapedPath(): string": ({ parts }: UrlValue) => parts.path,
  "kubernetes.URL.getQuery(): map<string, list<string>>": queryMap,
});
