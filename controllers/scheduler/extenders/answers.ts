/** What an extender answers, whatever it is written in: names of fields in any case, lists that may be absent. */

/** Fields by their names in lower case; none of what is no object. */
export function fieldsOf(answer: unknown): Record<string, unknown> {
  if (typeof answer !== "object" || answer === null) return {};
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Names of nodes, given as such or as a NodeList. */
export function namesOf({ nodenames, nodes }: Record<string, unknown>): string[] {
  if (Array.isArray(nodenames)) return nodenames.map(String);
  const { items } = fieldsOf(nodes);
  return (Array.isArray(items) ? items : []).flatMap((node: { metadata?: { name?: string } }) =>
    node?.metadata?.name ?? []
  );
}

export function textsOf(answer: unknown): Map<string, string> {
  if (typeof answer !== "object" || answer === null) return new Map();
  return new Map(Object.entries(answer).map(([name, text]) => [name, String(text)]));
}
