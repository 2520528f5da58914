/**
 * Texts of `Warning` headers (RFC 7234; 299 is "miscellaneous persistent"), in order and each once.
 *
 * Law: they hold 4,096 characters at most, as kube-apiserver's do: where these are not enough, each text is cut at 256, and what
 * finds no room then is left out. A body may be wrong in a hundred thousand places.
 */
const mostCharacters = 4096;
const longestCut = 256;

export class Warnings {
  readonly #texts = new Set<string>();
  #characters = 0;
  #cut = false;

  add(text: string): void {
    const shown = this.#cut ? text.slice(0, longestCut) : text;
    if (this.#texts.has(shown)) return;
    if (this.#characters + shown.length > mostCharacters) return this.#cutAll(text);
    this.#texts.add(shown);
    this.#characters += shown.length;
  }

  addTo(headers: Headers): void {
    for (const text of this.#texts) headers.append("warning", `299 - ${JSON.stringify(printable(text))}`);
  }

  #cutAll(last: string): void {
    if (this.#cut) return;
    const all = [...this.#texts, last];
    this.#cut = true;
    this.#texts.clear();
    this.#characters = 0;
    for (const text of all) this.add(text);
  }
}

/** Header values are Latin-1 without control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
