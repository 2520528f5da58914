/** authorization.k8s.io/v1 SubjectAccessReviewSpec: a question to an authorizer outside. Pure. */
import type { Attributes } from "../user.ts";

export function reviewSpec({ user, verb, path, resource }: Attributes) {
  const { name, uid, groups, extra } = user;
  const who = { user: name, groups: [...groups], ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
  if (!resource) return { ...who, nonResourceAttributes: { path, verb } };
  const { group, version, plural, subresource = "", namespace = "", fieldSelector, labelSelector } = resource;
  const asked = { namespace, verb, group, version, resource: plural, subresource, name: resource.name ?? "" };
  return {
    ...who,
    resourceAttributes: {
      ...asked,
      ...selected("fieldSelector", fieldSelector),
      ...selected("labelSelector", labelSelector),
    },
  };
}

/** Requirements where each is a plain comparison; otherwise nothing, which only makes the question wider. */
function selected(field: string, text: string | undefined): object {
  const parts = text?.split(",").map((part) => /^([^=!\s()]+)(==?|!=)([^=!\s()]*)$/.exec(part));
  if (!parts?.length || parts.some((part) => !part)) return {};
  const requirements = parts.map((part) => {
    const [, key, sign, value] = part!;
    return { key, operator: sign === "!=" ? "NotIn" : "In", values: [value] };
  });
  return { [field]: { requirements } };
}
