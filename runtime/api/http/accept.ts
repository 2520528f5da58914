/**
 * `Accept` headers, read as preferences: quality first, then the order of the header (RFC 9110, section 12.5.1). As
 * kube-apiserver reads them: a quality of 0 comes last but is taken, and types are told from others by their letters' case.
 */
export interface Preference {
  /** `application/json`, `any`. */
  readonly type: string;
  /** `as=Table`, `g=meta.k8s.io`, `v=v1`, `stream=watch`. */
  readonly parameters: Readonly<Record<string, string>>;
}

const remembered = new Map<string, readonly Preference[]>();
/** Clients send a handful of different headers; whoever sends more is parsed each time. */
const rememberedHeaders = 256;

/** An absent header accepts everything. */
export function preferences(header: string | null | undefined): readonly Preference[] {
  const text = header || "*/*";
  const known = remembered.get(text);
  if (known) return known;
  const parsed = parse(text);
  if (remembered.size < rememberedHeaders) remembered.set(text, parsed);
  return parsed;
}

function parse(text: string): readonly Preference[] {
  const weighed = text.split(",").map((clause) => {
    const [type = "", ...rest] = clause.split(";").map((part) => part.trim());
    const parameters: Record<string, string> = {};
    for (const part of rest) {
      const equals = part.indexOf("=");
      if (equals > 0) parameters[part.slice(0, equals).toLowerCase()] = part.slice(equals + 1).replaceAll('"', "");
    }
    const { q = "1", ...kept } = parameters;
    return { quality: Number(q) || 0, preference: { type, parameters: kept } };
  });
  return weighed
    .filter(({ preference }) => preference.type !== "")
    .sort((a, b) => b.quality - a.quality)
    .map(({ preference }) => preference);
}
