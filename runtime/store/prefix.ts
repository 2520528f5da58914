/** Key ranges in byte order, as etcd means them. */

/** The first key after every key that begins with `prefix`; undefined where there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const last = prefix.charCodeAt(prefix.length - 1);
  if (Number.isNaN(last)) return undefined;
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
