/**
 * Links in pages that come through a proxy: what a page calls `/a` is `/api/v1/.../proxy/a` for who reads it here.
 *
 * Laws: links to other hosts and relative ones stay; bytes that are no link are not touched, whatever their encoding;
 * memory is bounded by the longest tag, not by the page.
 */
import { Buffer } from "node:buffer";

export interface Place {
  /** `/api/v1/namespaces/NS/pods/NAME/proxy` */
  readonly prefix: string;
  /** Under which names the page may speak of itself. */
  readonly hosts: readonly string[];
}

export function rewrittenLink(link: string, { prefix, hosts }: Place): string {
  const [, host, path = ""] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/i.exec(link) ?? [undefined, undefined, link];
  if (host !== undefined && !hosts.includes(host)) return link;
  if (!path.startsWith("/") || path === prefix || path.startsWith(`${prefix}/`)) return link;
  return prefix + path;
}

const tag = /<[a-z][^<>]*>/gi;
const linkAttribute =
  /(\s(?:action|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile|src|usemap)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi;

export function rewrittenTags(text: string, place: Place): string {
  return text.replace(
    tag,
    (whole) =>
      whole.replace(linkAttribute, (_attribute, name: string, value: string) => {
        const quote = value[0] === '"' || value[0] === "'" ? value[0] : "";
        const link = quote ? value.slice(1, -1) : value;
        return name + quote + rewrittenLink(link, place) + quote;
      }),
  );
}

/** A tag that is longer is left as it is. */
const longestTag = 65_536;

/** Bytes are read as Latin-1, in which every byte is a character and stays itself. */
export function rewritingLinks(place: Place): TransformStream<Uint8Array, Uint8Array> {
  let open = "";
  return new TransformStream({
    transform(chunk, controller) {
      const text = open + Buffer.from(chunk).toString("latin1");
      const at = text.lastIndexOf("<");
      const isOpen = at >= 0 && !text.includes(">", at) && text.length - at <= longestTag;
      open = isOpen ? text.slice(at) : "";
      controller.enqueue(Buffer.from(rewrittenTags(isOpen ? text.slice(0, at) : text, place), "latin1"));
    },
    flush(controller) {
      if (open) controller.enqueue(Buffer.from(open, "latin1"));
    },
  });
}
