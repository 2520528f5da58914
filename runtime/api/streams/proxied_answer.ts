/** What a proxied answer becomes for who asked through the API server: its redirects and links lead back through it. */
import { type Place, rewritingLinks, rewrittenLink } from "./link_rewriting.ts";

export function proxiedAnswer(answer: Response, place: Place): Response {
  const headers = new Headers(answer.headers);
  const location = headers.get("location");
  if (location) headers.set("location", rewrittenLink(location, place));
  const isPage = /^text\/html\b/i.test(headers.get("content-type") ?? "");
  if (!isPage || !answer.body || headers.has("content-encoding")) {
    return new Response(answer.body, { status: answer.status, headers });
  }
  headers.delete("content-length");
  return new Response(answer.body.pipeThrough(rewritingLinks(place)), { status: answer.status, headers });
}
