/** `10.0.96.10.in-addr.arpa` and its IPv6 twin. RFC 1035 3.5, RFC 3596 2.5. */

/** The address in its usual form; undefined for a name that isn't a whole reverse name. */
export function addressOfReverseName(name: string): string | undefined {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (v4) return v4.slice(1).reverse().join(".");
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (v6 === undefined) return undefined;
  const digits = v6.replaceAll(".", "").split("").reverse().join("");
  return compress(digits.match(/.{4}/g)!.map((group) => parseInt(group, 16).toString(16)));
}

/** RFC 5952: the longest run of zeros, of two groups at least, becomes `::`. */
function compress(groups: readonly string[]): string {
  const text = groups.join(":");
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length || a.index - b.index);
  const [longest] = runs;
  if (!longest) return text;
  const before = text.slice(0, longest.index).replace(/:$/, "");
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}
