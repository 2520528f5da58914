/** What a proxied answer becomes for who asked through the API server: its redirects and links lead back through it. */
import { type Place, rewritingLinks, rewrittenLink } from "./link_rewriting.ts";

/** What is answered here stands behind a door of its own: no cache between may give it to somebody else. */
export const unkept = { "cache-control": "no-cache, private" } as const;

export function proxiedAnswer(answer: Response, place: Place): Response {
  const headers = new Headers(answer.headers);
  if (!headers.has("cache-control")) headers.set("cache-control", unkept["cache-control"]);
  const location = headers.get("location");
  if (location) headers.set("location", rewrittenLink(location, place));
  const isPage = /^text\/html\b/i.test(headers.get("content-type") ?? "");
  if (!isPage || !answer.body || headers.has("content-encoding")) {
    return new Response(answer.body, { status: answer.status, headers });
  }
  headers.delete("content-length");
  return new Response(answer.body.pipeThrough(rewritingLinks(place)), { status: answer.status, headers });
}
